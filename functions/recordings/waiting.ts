import { type Awaited, isReached } from '../core/api/awaited.ts';
import type { StatusFacts } from '../core/state/fold.ts';

/** Each look is a LIST and few GETs. */
const LOOK_EVERY_MS = 1_000;

export interface Waiting {
  readonly awaited: Awaited;
  readonly timeoutMs: number;
  /** Undefined: there is nothing to wait for. */
  readonly look: () => Promise<StatusFacts | undefined>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Looks again and again until it is so, or the time is over. */
export async function waitForRecording({ awaited, timeoutMs, look, nowMs, sleep }: Waiting): Promise<void> {
  const untilMs = nowMs() + timeoutMs;
  for (;;) {
    const facts = await look();
    if (facts === undefined || isReached(awaited, facts)) return;
    const leftMs = untilMs - nowMs();
    if (leftMs <= 0) return;
    await sleep(Math.min(LOOK_EVERY_MS, leftMs));
  }
}
