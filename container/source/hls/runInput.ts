import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';
import type { SegmentKind } from '../../../functions/core/hls/segmentKind.ts';
import { SourceAccess } from '../reach/sourceAccess.ts';
import type { Selected } from './selection.ts';

const DEMUXERS: Readonly<Record<SegmentKind, string>> = {
  ts: 'mpegts',
  fmp4: 'mov',
  aac: 'aac',
  mp3: 'mp3',
  ac3: 'ac3',
  eac3: 'eac3',
};

/** One input of a run. */
export interface FedInput {
  readonly url: string;
  /** Of its first segment. */
  readonly facts: SegmentFacts;
  readonly language?: string | undefined;
}

/** How ffmpeg reads what a run is handed over in. */
export function inputFor(
  main: FedInput,
  sounds: readonly FedInput[],
  { hasSoundInside, leftOut }: Pick<Selected, 'hasSoundInside' | 'leftOut'>,
): SourceAccess {
  return new SourceAccess({
    url: main.url,
    options: demuxing(main.facts),
    others: sounds.map(({ url, facts, language }) => ({ url, options: demuxing(facts), language })),
    environment: {},
    isFed: true,
    inSegments: true,
    hasSoundInside,
    leftOut,
  });
}

function demuxing(facts: SegmentFacts): string[] {
  const demuxer = DEMUXERS[facts.kind];
  return ['-f', demuxer, '-format_whitelist', demuxer, ...offset(facts)];
}

/** Packed audio says in a tag what its time is, and ffmpeg counts it from zero. */
function offset({ kind, startMs }: SegmentFacts): string[] {
  const isTimed = kind === 'ts' || kind === 'fmp4';
  return isTimed || startMs === undefined ? [] : ['-itsoffset', (startMs / 1_000).toFixed(6)];
}
