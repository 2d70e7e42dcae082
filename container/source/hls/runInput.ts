import { type Seam, type SegmentFacts, WRAP_MS } from '../../../functions/core/hls/seam.ts';
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

/** One continuous stream for one run of ffmpeg. */
export interface HlsRun {
  readonly access: SourceAccess;
  /** What its times are less by than the source's own. */
  readonly takenOffMs: number;
  /** What it begins with, as ffmpeg gives it, where it goes on with what was before. */
  readonly beginsMs: number | undefined;
  /** How it joins the run before. */
  readonly seam: Exclude<Seam, { kind: 'none' }> | { readonly kind: 'again' };
}

/** One input of a run. */
export interface FedInput {
  readonly url: string;
  /** Of its first segment. */
  readonly facts: SegmentFacts;
  readonly language?: string | undefined;
}

/** Short enough for times in units of a ten-millionth of a second. */
const TAKEN_OFF_MS = 2 * 60 * 60 * 1_000;
/** Sound may begin before the pictures. */
const LEFT_MS = 60_000;

/**
 * What is taken off the times of fragmented MP4: packagers count from 1970, and ffmpeg could not tell us such times of
 * pictures and of sound alike. Those of a transport stream are never so large.
 */
export function takenOff({ kind, startMs }: Pick<SegmentFacts, 'kind' | 'startMs'>): number {
  return kind === 'fmp4'
    ? TAKEN_OFF_MS * Math.max(0, Math.floor(((startMs ?? 0) - LEFT_MS) / TAKEN_OFF_MS))
    : 0;
}

/**
 * How ffmpeg reads what a run is handed over in.
 * @param takenOffMs what its times are to be less by
 * @param finish ends it with what has come
 */
export function inputFor(
  main: FedInput,
  sounds: readonly FedInput[],
  { hasSoundInside, leftOut }: Pick<Selected, 'hasSoundInside' | 'leftOut'>,
  takenOffMs: number,
  finish: () => void,
): SourceAccess {
  return new SourceAccess({
    url: main.url,
    options: demuxing(main.facts, takenOffMs),
    others: sounds.map(({ url, facts, language }) => ({
      url,
      options: demuxing(facts, takenOffMs),
      language,
    })),
    environment: {},
    isFed: true,
    inSegments: true,
    hasCome: (kind) => main.facts.come?.has(kind) === true,
    hasSoundInside,
    leftOut,
    finish,
  });
}

/**
 * Of a fragment whose times go back, as those of a clock that jumps do, ffmpeg's demuxer says that nothing is to be heard:
 * its decoders leave out what they are told to, and a whole segment of sound was not encoded.
 */
const DISCARDED_TOO = ['-flags2', '+skip_manual'];

/** What is stamped more than a minute before the beginning, it would take for a turn of the counter later. */
const AS_COUNTED = ['-correct_ts_overflow', '0'];

function demuxing(facts: SegmentFacts, takenOffMs: number): string[] {
  const demuxer = DEMUXERS[facts.kind];
  const kept = facts.kind === 'fmp4' ? DISCARDED_TOO : facts.kind === 'ts' ? AS_COUNTED : [];
  return ['-f', demuxer, '-format_whitelist', demuxer, ...kept, ...offset(facts, takenOffMs)];
}

/** Of a transport stream that begins so little before its clock begins anew, times are told that are below zero. */
const BELOW_ZERO_MS = 60_000;

/**
 * What is added to the times of a transport stream on its way to ffmpeg, which takes it off again: its clock is in the midst of
 * its counter then. Of a single picture that is stamped before the counter's beginning ffmpeg would make one shortly before
 * its end, and all that follow a turn of it later.
 */
export const shiftOf = ({ kind, startMs }: Pick<SegmentFacts, 'kind' | 'startMs'>): number =>
  kind === 'ts' ? Math.round(WRAP_MS / 2 - (startMs ?? 0)) : 0;

const turnOf = ({ kind, startMs = 0 }: Pick<SegmentFacts, 'kind' | 'startMs'>): number =>
  kind !== 'fmp4' && startMs >= WRAP_MS - BELOW_ZERO_MS ? WRAP_MS : 0;

/** What ffmpeg gives of the first time of a segment, in ms; undefined: it has none. */
export const givenMs = (
  facts: Pick<SegmentFacts, 'kind' | 'startMs'>,
  takenOffMs: number,
): number | undefined =>
  facts.startMs === undefined ? undefined : facts.startMs - turnOf(facts) - takenOffMs;

/** Packed audio says in a tag what its time is, by the transport stream's clock, and ffmpeg counts it from zero. */
function offset(facts: SegmentFacts, takenOffMs: number): string[] {
  const { kind, startMs = 0 } = facts;
  const turnMs = turnOf(facts);
  const untimedMs = kind === 'fmp4' ? 0 : startMs - turnMs;
  const ms = kind === 'ts' ? -shiftOf(facts) - turnMs : untimedMs - takenOffMs;
  return ms === 0 ? [] : ['-itsoffset', (ms / 1_000).toFixed(6)];
}
