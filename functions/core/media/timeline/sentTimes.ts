import { GAP_MIN_MS } from './quiet.ts';
import type { SentTime } from './sentClocks.ts';

/** A sample, and when it was received; or when it must have been sent. */
export interface Received {
  readonly sent: SentTime;
  readonly atMs: number;
}

/** What is longer is no length of a sample: the clock has jumped, or it is a stray. */
const STEP_MAX_MS = 500;
/** What is so many times as long as the one before is another publisher's by chance. */
const USUAL_STEPS = 1.5;
/** What is late for so long without a break is in no stall: its publisher is slow, or the way has become longer. */
const STAYS_MS = 1_000;

interface Last {
  /** Its own time. */
  dtsMs: number;
  /** When it was sent. */
  atMs: number;
  /** How far it was from the one before, where that was a step. */
  stepMs: number;
}

/**
 * When samples were sent, which may be long before they were received: a network stalls, and so does a recorder that gets no
 * CPU. A live source sends what it has just made: each sample was sent as long before the next one of its track, and behind
 * the one before, as their own times are apart. So where another publisher begins, whose times do not say how long nothing
 * was sent, that is known also while something stalls.
 */
export class SentTimes {
  /** Of each track the last sample. */
  readonly #last = new Map<string, Last>();
  #latestMs = Number.NEGATIVE_INFINITY;
  /** What has been received since then came at least so long after it was sent. */
  #late = { sinceMs: Number.NEGATIVE_INFINITY, leastMs: 0 };

  /** Whether what follows tells better when it was sent: its clock has jumped, and nothing may have been sent for long. */
  isUnsure(sent: SentTime, receivedAtMs: number): boolean {
    if (this.#last.size === 0 || receivedAtMs - this.#latestMs < GAP_MIN_MS) return false;
    const last = this.#last.get(sent.track);
    if (last === undefined) return true;
    const stepMs = msOf(sent) - last.dtsMs;
    const isAsClock = Math.abs(receivedAtMs - last.atMs - stepMs) < STEP_MAX_MS;
    return !isStep(stepMs) && !isAsClock;
  }

  /** A sample has come by itself. @returns when it was sent; that never goes back */
  at(sent: SentTime, receivedAtMs: number): number {
    this.#latestMs = Math.max(this.#latestMs, behindLast(this.#last, sent, receivedAtMs));
    this.#forgetWhatStays(receivedAtMs);
    return this.#latestMs;
  }

  #forgetWhatStays(nowMs: number): void {
    const { sinceMs, leastMs } = this.#late;
    this.#late.leastMs = Math.min(leastMs, nowMs - this.#latestMs);
    if (nowMs - sinceMs < STAYS_MS) return;
    for (const last of this.#last.values()) last.atMs += this.#late.leastMs;
    this.#latestMs += this.#late.leastMs;
    this.#late = { sinceMs: nowMs, leastMs: nowMs - this.#latestMs };
  }

  /**
   * Samples have come in a burst.
   * @param burst in the order in which they were sent
   * @returns the same samples, and when they were sent
   */
  inBurst(burst: readonly Received[]): Received[] {
    const last = new Map([...this.#last].map(([track, one]) => [track, { ...one }]));
    const made = beforeNext(
      burst.map(({ sent, atMs }) => ({ sent, atMs: behindLast(last, sent, atMs, 'as usual') })),
    );
    return made.map(({ sent, atMs }) => ({ sent, atMs: this.at(sent, atMs) }));
  }
}

/**
 * By when it must have been sent, by what its track has sent before, and keeps it as the last of that.
 * @param steps as usual: of another publisher what is close by chance is not taken for a step
 */
function behindLast(
  all: Map<string, Last>,
  sent: SentTime,
  receivedAtMs: number,
  steps: 'any' | 'as usual' = 'any',
): number {
  const dtsMs = msOf(sent);
  const last = all.get(sent.track);
  if (last === undefined) {
    all.set(sent.track, { dtsMs, atMs: receivedAtMs, stepMs: STEP_MAX_MS });
    return receivedAtMs;
  }
  const stepMs = dtsMs - last.dtsMs;
  const goesOn = isStep(stepMs) && (steps === 'any' || stepMs < USUAL_STEPS * last.stepMs);
  // For nearly each sample of a source nothing is allocated.
  last.dtsMs = dtsMs;
  last.atMs = goesOn ? Math.min(receivedAtMs, last.atMs + stepMs) : receivedAtMs;
  last.stepMs = goesOn ? stepMs : last.stepMs;
  return last.atMs;
}

/** By when they must have been sent, by what follows. */
function beforeNext(burst: readonly Received[]): Received[] {
  const next = new Map<string, Received>();
  let latestMs = Number.POSITIVE_INFINITY;
  const all = burst.toReversed().map(({ sent, atMs }) => {
    const follows = next.get(sent.track);
    const stepMs = follows === undefined ? 0 : msOf(follows.sent) - msOf(sent);
    const madeMs = (follows?.atMs ?? atMs) - (isStep(stepMs) ? stepMs : 0);
    latestMs = Math.min(latestMs, atMs, madeMs);
    const made = { sent, atMs: latestMs };
    next.set(sent.track, made);
    return made;
  });
  return all.toReversed();
}

const msOf = ({ dts, timescale }: SentTime): number => (dts * 1_000) / timescale;

const isStep = (ms: number): boolean => ms > 0 && ms < STEP_MAX_MS;
