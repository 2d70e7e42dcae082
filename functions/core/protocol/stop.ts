import { RecorderError } from '../api/errors.ts';
import { endingKey, jobKey, lockKey, outcomeKey, stopKey } from '../state/keys.ts';
import { endingSchema, jobSchema, lockSchema, outcomeSchema, type Stop } from '../state/objects.ts';
import type { Clock, StopTasks, Store } from './ports.ts';
import { replacedByIt } from './replaced.ts';
import { endUnclaimed } from './unclaimed.ts';
import { decline } from './wanted.ts';

export interface StopPorts {
  readonly store: Store;
  readonly stopTasks: StopTasks;
  readonly clock: Clock;
  /** Told of what does not keep the stop from being durable. */
  readonly warn: (message: string, error: unknown) => void;
}

export interface StopCause {
  /** Who asked: `request <id>`. */
  readonly by: string;
  /** In words; 'asked by the API' by default. */
  readonly reason?: string;
}

export interface StopResult {
  readonly recordingId: string;
  /** It had ended before; nothing was asked of it. */
  readonly alreadyEnded: boolean;
}

/**
 * Stops the session's recording: `stop.json` first, then StopTask. Once `stop.json` is there the stop is durable: the
 * recorder polls it, so a StopTask that fails only makes the stop slower. Asking again changes nothing.
 * @throws RecorderError recording_not_found when the session has never been recorded
 */
export async function stopRecording(
  ports: StopPorts,
  params: StopCause & { readonly mediaSessionId: string },
): Promise<StopResult> {
  const lock = await ports.store.read(lockKey(params.mediaSessionId), lockSchema);
  if (lock === undefined) {
    throw new RecorderError('recording_not_found', 'No stream with this mediaSessionId is being recorded.', {
      field: 'mediaSessionId',
    });
  }
  return stopRecordingById(ports, lock.value.recordingId, params);
}

/**
 * Stops a recording, and with it what it is about to replace: whoever stops a restart wants nothing recorded.
 * @throws RecorderError recording_not_found
 */
export async function stopRecordingById(
  ports: StopPorts,
  recordingId: string,
  cause: StopCause,
): Promise<StopResult> {
  const { store } = ports;
  const job = await store.read(jobKey(recordingId), jobSchema);
  if (job === undefined) {
    throw new RecorderError('recording_not_found', 'There is no recording with this id.', {
      field: 'recordingId',
    });
  }
  await decline(store, job.value.mediaSessionId, recordingId);
  const [outcome, ending, replaced] = await Promise.all([
    store.read(outcomeKey(recordingId), outcomeSchema),
    store.read(endingKey(recordingId), endingSchema),
    replacedByIt(store, job.value),
  ]);
  // One that is ending has nothing left to stop, and is given the time that S3 needs.
  const own = ending === undefined ? [recordingId] : [];
  const going = outcome === undefined ? [...own, ...replaced] : [];
  await Promise.all(going.map((id) => stopOne(ports, id, cause)));
  return { recordingId, alreadyEnded: outcome !== undefined };
}

async function stopOne(ports: StopPorts, id: string, cause: StopCause) {
  const { store, stopTasks, clock, warn } = ports;
  const { by, reason = 'asked by the API' } = cause;
  await store.create(stopKey(id), { requestedAtMs: clock.nowMs(), by, reason } satisfies Stop);
  const told = stopTasks(id, reason).catch((error: unknown) =>
    warn('StopTask failed; the recorder will find stop.json by itself', error),
  );
  // Whoever records is told meanwhile.
  await Promise.all([endUnclaimed(ports, id, by), told]);
}
