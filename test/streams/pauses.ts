import type { SentTag } from './media.ts';

/** Sound and pictures come more often. */
const PAUSE_MIN_MS = 200;
/** A pause that is shorter is not told where times are set anew. */
const KEPT_MS = 1_000;

/** A pause in what was sent. */
interface Pause {
  /** How long it was to be. */
  readonly plannedMs: number;
  /**
   * How long it may be in the record. Where the clock tells it, as it was: a machine that is busy writes late what comes
   * before it, or behind it. Or as it was to be: what was written late has its own times, by which it is dated.
   */
  readonly leastMs: number;
  readonly mostMs: number;
  /** Times are set anew behind it, and do not tell its length. */
  readonly isUntold: boolean;
}

export interface SentLength {
  /** What is in the record at least, in ms: without what is in no part, and what networks may have kept. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/**
 * How long what was sent lasts.
 * @param isInNone nothing of a pause is recorded, since parts, or a playlist's segments, follow one another
 */
export function sentLength(sent: readonly SentTag[], isInNone: boolean, frameMs: number): SentLength {
  const media = sent.filter(({ isHeader }) => !isHeader).toSorted((one, other) => one.trueMs - other.trueMs);
  const spanMs = (media.at(-1)?.trueMs ?? 0) - (media[0]?.trueMs ?? 0) + frameMs;
  const pauses = media.slice(1).flatMap((tag, i) => pauseBetween(media[i] ?? tag, tag));
  const sum = (lengthOf: (pause: Pause) => number): number =>
    pauses.reduce((all, pause) => all + lengthOf(pause) - pause.plannedMs, 0);
  const leastOf = (pause: Pause): number =>
    isInNone || (pause.isUntold && pause.leastMs < KEPT_MS) ? 0 : pause.leastMs;
  return { leastMs: spanMs + sum(leastOf), mostMs: spanMs + sum((pause) => pause.mostMs) };
}

/**
 * What comes behind each pause whose length nobody tells, by its true time: times are set anew behind it, and a playlist's
 * segments follow one another.
 */
export const behindUntoldPauses = (sent: readonly SentTag[]): number[] => {
  const media = sent.filter(({ isHeader }) => !isHeader).toSorted((one, other) => one.trueMs - other.trueMs);
  return media
    .slice(1)
    .flatMap((tag, i) =>
      pauseBetween(media[i] ?? tag, tag).some(({ isUntold }) => isUntold) ? [tag.trueMs] : [],
    );
};

function pauseBetween(before: SentTag, after: SentTag): Pause[] {
  const plannedMs = after.trueMs - before.trueMs;
  const isUntold = before.epoch !== after.epoch;
  const isCut = before.written?.connection !== after.written?.connection;
  // What has no such times says its times itself.
  const wasMs = isUntold || isCut ? (writtenMs(before, after) ?? plannedMs) : plannedMs;
  const [leastMs, mostMs] = [Math.min(plannedMs, wasMs), Math.max(plannedMs, wasMs)];
  return mostMs > PAUSE_MIN_MS ? [{ plannedMs, leastMs, mostMs, isUntold }] : [];
}

function writtenMs({ written: before }: SentTag, { written: after }: SentTag): number | undefined {
  return before === undefined || after === undefined ? undefined : after.atMs - before.atMs;
}
