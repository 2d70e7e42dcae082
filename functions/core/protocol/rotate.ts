import { RecorderError } from '../api/errors.ts';
import { controlKey, endingKey, jobKey, outcomeKey, stopKey } from '../state/keys.ts';
import {
  type Control,
  controlSchema,
  endingSchema,
  jobSchema,
  outcomeSchema,
  stopSchema,
} from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';

const TRIES = 10;
/** The recorder looks every 4 s; older commands were obeyed long ago. */
const COMMANDS_KEPT = 20;

/**
 * Asks the recorder to begin a new part. @returns the command's sequence
 * @throws RecorderError recording_not_found; recording_ended, also when it is ending; session_busy
 */
export async function rotateRecording(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  recordingId: string,
): Promise<number> {
  const [job, outcome, stop, ending] = await Promise.all([
    store.read(jobKey(recordingId), jobSchema),
    store.read(outcomeKey(recordingId), outcomeSchema),
    store.read(stopKey(recordingId), stopSchema),
    store.read(endingKey(recordingId), endingSchema),
  ]);
  const field = 'recordingId';
  if (job === undefined) {
    throw new RecorderError('recording_not_found', 'There is no recording with this id.', { field });
  }
  if (outcome !== undefined || stop !== undefined || ending !== undefined) {
    throw new RecorderError('recording_ended', 'The recording has ended, is ending, or was asked to stop.', {
      field,
    });
  }
  const key = controlKey(recordingId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const known = await store.read(key, controlSchema);
    const commands = known?.value.commands ?? [];
    const sequence = (commands.at(-1)?.sequence ?? 0) + 1;
    const command = { sequence, kind: 'rotate' as const, requestedAtMs: clock.nowMs() };
    const next: Control = { ...known?.value, commands: [...commands, command].slice(-COMMANDS_KEPT) };
    const written =
      known === undefined ? await store.create(key, next) : await store.replace(key, next, known.etag);
    if (written) return sequence;
  }
  throw new RecorderError('session_busy', 'This recording is asked for much at once. Try again.', { field });
}
