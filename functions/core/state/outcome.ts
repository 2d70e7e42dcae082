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
 * or an earlier one: the recording has not failed. Without any frame it has: whoever waits for a file is told so.
 * @param parts of all attempts
 * @param atMs epoch milliseconds
 */
export function outcomeOf(reason: Reason, parts: ReadonlyMap<number, PartObjects>, atMs: number): Outcome {
  const recorded = [...parts.values()].filter(({ final }) => final !== undefined && final.bytes > 0).length;
  // A part that is open is on its way to a rescuer.
  if (recorded === 0 && !hasUndecidedPart(parts)) {
    return { status: 'failed', reason: ofNothing(reason), parts: 0, atMs };
  }
  if (WELL.has(reason.code)) return { status: 'finished', reason, parts: recorded, atMs };
  if (!OF_SOURCE.has(reason.code)) return { status: 'failed', reason, parts: recorded, atMs };
  return { status: 'finished', reason: ofRecorded(reason), parts: recorded, atMs };
}

/** An attempt's part that was not finished, and that nobody has rescued yet: there may be a frame in it. */
export function hasUndecidedPart(parts: ReadonlyMap<number, PartObjects>): boolean {
  return [...parts.values()].some(({ open, final }) => open !== undefined && final === undefined);
}

/** That a source led to where it may not stays told apart: somebody is to look at it. */
function ofRecorded(reason: Reason): Reason {
  if (reason.code === 'source_forbidden') return reason;
  return { ...reason, code: 'source_ended', message: `The source did not come back. ${reason.message}` };
}

function ofNothing(reason: Reason): Reason {
  if (reason.code === 'stopped') {
    return {
      code: 'stopped_before_media',
      message: 'The recording was stopped before anything of the stream had been recorded.',
    };
  }
  if (reason.code !== 'source_ended') return reason;
  return { code: 'source_empty', message: `${reason.message} Nothing of it had been recorded.` };
}
