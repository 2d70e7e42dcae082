import type { RecordingObjects } from '../state/fold.ts';
import type { SettleAsk } from './asks.ts';

/** A recording that dies so soon may be the cause. */
const SUSPECT_MS = 60_000;
/** Deaths that it was there for, this one included. */
const DEATHS_MAX = 2;

/**
 * Whether a recording whose process died is no suspect, by what its host knows without a look at its state: it may go on
 * on any host, at once. @param carriedMs since it was claimed
 */
export const isUnsuspected = (attempt: number, carriedMs: number): boolean =>
  attempt === 1 && carriedMs >= SUSPECT_MS;

/**
 * Whether a recording whose process died goes on in a task of its own: it may have killed the process, and shall not kill
 * another one with nine others in it.
 */
export function needsOwnTask({ attempts }: RecordingObjects, death: SettleAsk): boolean {
  const claimedAtMs = attempts.get(death.attempt)?.claim?.claimedAtMs ?? death.endedAtMs;
  if (death.endedAtMs - claimedAtMs < SUSPECT_MS) return true;
  const before = [...attempts].filter(
    ([attempt, { claim, end }]) =>
      attempt < death.attempt &&
      claim?.hostId !== undefined &&
      end?.reason.code === 'interrupted' &&
      end.by !== 'recorder',
  );
  return before.length + 1 >= DEATHS_MAX;
}
