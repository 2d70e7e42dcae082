import { attemptKey, outcomeKey } from '../state/keys.ts';
import { endSchema, type Reason } from '../state/objects.ts';
import { outcomeOf } from '../state/outcome.ts';
import { type AttemptPorts, voidClaim } from './claim.ts';

const STOPPED: Reason = { code: 'stopped', message: 'The recording was stopped.' };

/**
 * A recording that is stopped before a recorder has come ends at once: none can come any more. Call it after `stop.json`:
 * a recorder that was faster reads that after its claim. The lock stays held, so that whoever finds it announces the
 * outcome: the launch function, which was asked for the recorder, the end of a task that comes for nothing, or reconcile.
 * @returns false when a recorder has come, or somebody else has seen to it
 */
export async function endUnclaimed(ports: AttemptPorts, recordingId: string, by: string): Promise<boolean> {
  const why = { by, reason: 'it was stopped before a recorder had come' };
  const { isNew } = await voidClaim(ports, { recordingId, attempt: 1 }, why);
  // Functions before version 0.2 gave up an attempt without its claim: another one may record.
  const isGivenUp =
    isNew && (await ports.store.read(attemptKey(recordingId, 1, 'end'), endSchema)) !== undefined;
  if (!isNew || isGivenUp) return false;
  return ports.store.create(outcomeKey(recordingId), outcomeOf(STOPPED, new Map(), ports.clock.nowMs()));
}
