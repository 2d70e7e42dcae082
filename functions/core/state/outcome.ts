import type { PartObjects } from './fold.ts';
import type { EndCode, Outcome, Reason } from './objects.ts';

const WELL: ReadonlySet<EndCode> = new Set(['stopped', 'source_ended']);

/** What the source did, or did not do. */
const OF_SOURCE: ReadonlySet<EndCode> = new Set([
  'source_not_found',
  'source_refused',
  'source_timed_out',
  'source_unresolvable',
  'source_unauthorised',
  'source_forbidden',
  'source_not_media',
  'source_failed',
  'source_empty',
]);

/**
 * How a recording ends of which no attempt follows.
 * @param reason why its last attempt ended. Whatever the source did after a frame of it had been recorded, in this attempt
 * or an earlier one: the recording has not failed.
 * @param parts of all attempts
 * @param atMs epoch milliseconds
 */
export function outcomeOf(reason: Reason, parts: ReadonlyMap<number, PartObjects>, atMs: number): Outcome {
  const recorded = [...parts.values()].filter(({ final }) => final !== undefined && final.bytes > 0).length;
  if (WELL.has(reason.code)) return { status: 'finished', reason, parts: recorded, atMs };
  // A part that is open is on its way to a rescuer.
  const hasFrame = [...parts.values()].some(({ open, final }) =>
    final === undefined ? open !== undefined : final.bytes > 0,
  );
  if (!hasFrame || !OF_SOURCE.has(reason.code)) return { status: 'failed', reason, parts: recorded, atMs };
  return { status: 'finished', reason: ofRecorded(reason), parts: recorded, atMs };
}

/** That a source led to where it may not stays told apart: somebody is to look at it. */
function ofRecorded(reason: Reason): Reason {
  if (reason.code === 'source_forbidden') return reason;
  return { ...reason, code: 'source_ended', message: `The source did not come back. ${reason.message}` };
}
