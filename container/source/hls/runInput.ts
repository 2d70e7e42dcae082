import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';
import type { SegmentKind } from '../../../functions/core/hls/segmentKind.ts';
import { SourceAccess } from '../reach/sourceAccess.ts';

const DEMUXERS: Readonly<Record<SegmentKind, string>> = {
  ts: 'mpegts',
  fmp4: 'mov',
  aac: 'aac',
  mp3: 'mp3',
  ac3: 'ac3',
  eac3: 'eac3',
};

/**
 * How ffmpeg reads what a run is handed over in.
 * @param urls of the inputs, the picture's first
 * @param facts of the first segment of each
 */
export function inputFor(urls: readonly string[], facts: readonly SegmentFacts[]): SourceAccess {
  const [first, ...others] = urls.map((url, i) => ({ url, options: demuxing(facts[i]) }));
  return new SourceAccess({
    url: '',
    options: [],
    ...first,
    others,
    environment: {},
    isFed: true,
    inSegments: true,
  });
}

function demuxing(facts: SegmentFacts | undefined): string[] {
  if (facts === undefined) return [];
  const demuxer = DEMUXERS[facts.kind];
  return ['-f', demuxer, '-format_whitelist', demuxer, ...offset(facts)];
}

/** Packed audio says in a tag what its time is, and ffmpeg counts it from zero. */
function offset({ kind, startMs }: SegmentFacts): string[] {
  const isTimed = kind === 'ts' || kind === 'fmp4';
  return isTimed || startMs === undefined ? [] : ['-itsoffset', (startMs / 1_000).toFixed(6)];
}
