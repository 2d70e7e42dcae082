import type { AttemptObjects, RecordingObjects } from '../state/fold.ts';
import type { End } from '../state/objects.ts';

/** A recording whose process dies so soon after it began may be the cause. */
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
 * another one with nine others in it. One that had a task of its own and died there as well stays apart.
 * @param end of the attempt, which may have been written long after its process died
 */
export function needsOwnTask(
  { attempts }: Pick<RecordingObjects, 'attempts'>,
  end: End,
  { taskArn, diedAtMs }: { readonly taskArn?: string | undefined; readonly diedAtMs: number },
): boolean {
  if (end.by === 'recorder') return false;
  const claim = attempts.get(end.attempt)?.claim;
  // What is told is the end of a task that came too late.
  if (taskArn !== undefined && taskArn !== claim?.taskArn) return true;
  if (diedAtMs - firstClaimedAtMs(attempts, diedAtMs) < SUSPECT_MS) return true;
  const before = [...attempts].filter(([attempt, facts]) => attempt < end.attempt && hasDied(facts));
  return before.length + 1 >= DEATHS_MAX;
}

/** Since when somebody records it: one that was handed over a moment ago is as old as it was. */
function firstClaimedAtMs(attempts: RecordingObjects['attempts'], diedAtMs: number): number {
  const claims = [...attempts.values()].flatMap(({ claim }) =>
    claim?.void === undefined ? (claim ?? []) : [],
  );
  return Math.min(diedAtMs, ...claims.map(({ claimedAtMs }) => claimedAtMs));
}

/** One that has no end yet may have died a moment ago: it is settled beside the one that took it over. */
function hasDied({ claim, end }: AttemptObjects): boolean {
  if (end === undefined) return claim !== undefined && claim.void === undefined;
  return end.reason.code === 'interrupted' && end.by !== 'recorder';
}
