import type { SegmentKind } from './segmentKind.ts';

/** What is known of a segment once its first bytes are here. */
export interface SegmentFacts {
  readonly kind: SegmentKind;
  /** What its samples cannot be read without: the init section, or the program's PIDs and codecs. */
  readonly setup: string | undefined;
  /** Its first time, in milliseconds of the stream's own; undefined: it has none. */
  readonly startMs: number | undefined;
  /** Of fragmented MP4: the first times of its tracks, the earliest first. */
  readonly startsMs?: readonly number[] | undefined;
  /**
   * PIDs of those streams of the program that are in it, of fragmented MP4 its tracks of pictures: how long after its first
   * time, in ms; undefined where all are, or it is not known.
   */
  readonly begun?: ReadonlyMap<number, number> | undefined;
  /** Of a transport stream: what those are. */
  readonly come?: ReadonlySet<'video' | 'audio'> | undefined;
  readonly durationMs: number;
  readonly dateMs: number | undefined;
  /** The playlist says that it is no continuation of the one before, or its numbers began again. */
  readonly isDiscontinuity: boolean;
  /** Its playlist's numbers began again with it. */
  readonly isRestart?: boolean;
  /** Of segments between the one before and this one that could not be had, as far as it is known. */
  readonly missedMs: number;
  /** By the wall clock: when it was there to be had, in epoch milliseconds. */
  readonly foundAtMs: number;
  /** Likewise: when it was seen. Who looks late sees several at once, the last of which may have just come. */
  readonly seenAtMs: number;
}

/** How a segment joins the one before. */
export type Seam =
  /** It goes on: one stream for the demuxer. */
  | { readonly kind: 'none' }
  /** A stream of its own, whose times go on where those before were, what is missing left out. */
  | { readonly kind: 'sameTimeline' }
  /** A stream of its own with times of its own, so long after the end of the one before. */
  | { readonly kind: 'newTimeline'; readonly gapMs: number };

/** Durations in playlists are rounded, to whole seconds by old packagers. */
const TOLERANCE_MS = 300;
const JUMP_BACK_MS = 1_500;
/** Of what the segment before lasts: rounded as they are, none begins so little after that does. */
const STEP_MIN = 0.25;
const JUMP_AHEAD_MS = 10_000;
/** More than a playlist's window, and nothing between its first segment and its last. */
const UNTOLD_GAP_MIN_MS = 3_000;
/** Transport streams, and tags of packed sound, count their time modulo this. */
export const WRAP_MS = 2 ** 33 / 90;

/**
 * Whether a segment can be handed to the demuxer behind the one before, by what is in both of them: a packager that calls
 * every segment a discontinuity is not believed, and one that forgets to is not, either. Where numbers begin again it is another
 * packager, whose times may fit those before by chance: in one track, and not in another.
 */
export function seamBetween(before: SegmentFacts, next: SegmentFacts): Seam {
  const jumpMs = jumpBetween(before, next);
  if (jumpMs === undefined) {
    const isPlain = isAlike(before, next) && !next.isDiscontinuity && next.missedMs === 0;
    return isPlain ? { kind: 'none' } : seamAnew(before, next);
  }
  if (!goesOn(before, next, jumpMs)) return seamAnew(before, next);
  if (next.isRestart === true) return { kind: 'newTimeline', gapMs: next.missedMs };
  return isAlike(before, next) && next.missedMs === 0 ? { kind: 'none' } : { kind: 'sameTimeline' };
}

/**
 * Whether a segment that seems to go on may have begun anew: its clock has stepped by more than segments lie over one another, and
 * another playlist's may tell.
 */
export function mayBeAnew(before: SegmentFacts, next: SegmentFacts): boolean {
  const jumpMs = jumpBetween(before, next) ?? 0;
  return seamBetween(before, next).kind === 'none' && Math.abs(jumpMs) > TOLERANCE_MS;
}

/** How it joins the one before where it has. */
export const seamAnew = (before: SegmentFacts, next: SegmentFacts): Seam => ({
  kind: 'newTimeline',
  gapMs: untimedGapMs(before, next),
});

/**
 * The segment as it begins with the track that goes on, where the clock of another one has jumped before: sound that had not
 * come up to then is another publisher's, perhaps, in a segment whose first pictures are of the one before.
 */
export function withTrackThatGoesOn(before: SegmentFacts, next: SegmentFacts): SegmentFacts {
  const startMs = next.startsMs?.find((ms) => goesOn(before, next, ms - (endOf(before) ?? Number.NaN)));
  return startMs === undefined ? next : { ...next, startMs };
}

/**
 * What the clock of a playlist goes back by with its next segment, in ms, where that of another playlist does not yet: it goes
 * back within a segment there, whose first time is what is known of it. 0: it does not.
 * @param otherMs where the other playlist goes on
 */
export function goneBackBy(before: SegmentFacts, next: SegmentFacts, otherMs: number): number {
  const endMs = endOf(before);
  if (endMs === undefined || next.startMs === undefined) return 0;
  const isBack = next.startMs < endMs && seamBetween(before, next).kind === 'newTimeline';
  // What comes again goes back to where the other playlist may begin again a segment later.
  const offMs = Math.min(Math.abs(otherMs - endMs), Math.abs(otherMs - endMs + before.durationMs));
  const isAlone = offMs < Math.abs(otherMs - next.startMs);
  return isBack && isAlone ? endMs - next.startMs : 0;
}

/** What reads one of them can read the other. */
export const isAlike = (before: SegmentFacts, next: SegmentFacts): boolean =>
  before.kind === next.kind && (before.setup ?? next.setup) === (next.setup ?? before.setup);

/** By its own time, in ms; undefined: it has none. */
export const endOf = ({ startMs, durationMs }: SegmentFacts): number | undefined =>
  startMs === undefined ? undefined : startMs + durationMs;

/**
 * From when on what lies between two segments goes with the next one, by its own time in ms: from where the one before ends,
 * if they are of one clock. Undefined: it has no times.
 */
export function pausedFromMs(
  before: SegmentFacts | undefined,
  next: SegmentFacts,
  seam: Seam,
): number | undefined {
  const endMs = before && endOf(before);
  if (next.startMs === undefined || endMs === undefined || seam.kind === 'newTimeline') return next.startMs;
  return Math.min(next.startMs, endMs);
}

function goesOn(before: SegmentFacts, next: SegmentFacts, jumpMs: number): boolean {
  if (next.isDiscontinuity) return Math.abs(jumpMs) <= TOLERANCE_MS;
  return jumpMs >= backMaxMs(before) && jumpMs <= JUMP_AHEAD_MS + next.missedMs;
}

/** What may lie over a segment's end of the next one; of a short one, not all of it: its clock has begun anew. */
const backMaxMs = ({ durationMs }: SegmentFacts): number =>
  -Math.min(JUMP_BACK_MS, (1 - STEP_MIN) * durationMs);

/** From where the segment before ends to where the next begins, by the stream's own times. */
function jumpBetween(before: SegmentFacts, next: SegmentFacts): number | undefined {
  if (before.startMs === undefined || next.startMs === undefined) return undefined;
  const jumpMs = next.startMs - (before.startMs + before.durationMs);
  return next.kind === 'fmp4' ? jumpMs : jumpMs - Math.round(jumpMs / WRAP_MS) * WRAP_MS;
}

/** What lies between two segments whose own times do not tell it: their dates do, or when each could be had. */
function untimedGapMs(before: SegmentFacts, next: SegmentFacts): number {
  if (next.missedMs > 0) return next.missedMs;
  const waitedMs = Math.max(0, next.foundAtMs - before.seenAtMs - before.durationMs);
  const dated =
    before.dateMs === undefined || next.dateMs === undefined
      ? undefined
      : next.dateMs - before.dateMs - before.durationMs;
  if (dated !== undefined && dated >= 0 && dated <= waitedMs + UNTOLD_GAP_MIN_MS) return dated;
  return waitedMs >= UNTOLD_GAP_MIN_MS + next.durationMs ? waitedMs : 0;
}
