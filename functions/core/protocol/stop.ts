import { RecorderError } from '../errors.ts';
import { lockKey, outcomeKey, stopKey } from '../keys.ts';
import type { Clock, StopTasks, Store } from '../ports.ts';
import { lockSchema, outcomeSchema, type Stop } from '../state/objects.ts';

export interface StopPorts {
  readonly store: Store;
  readonly stopTasks: StopTasks;
  readonly clock: Clock;
  /** Told of what does not keep the stop from being durable. */
  readonly warn: (message: string, error: unknown) => void;
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
  { store, stopTasks, clock, warn }: StopPorts,
  params: { readonly mediaSessionId: string; readonly by: string },
): Promise<StopResult> {
  const lock = await store.read(lockKey(params.mediaSessionId), lockSchema);
  if (lock === undefined) {
    throw new RecorderError('recording_not_found', 'No stream with this mediaSessionId is being recorded.', {
      field: 'mediaSessionId',
    });
  }
  const { recordingId } = lock.value;
  const outcome = await store.read(outcomeKey(recordingId), outcomeSchema);
  if (outcome !== undefined) return { recordingId, alreadyEnded: true };
  const stop: Stop = { requestedAtMs: clock.nowMs(), by: params.by, reason: 'asked by the API' };
  await store.create(stopKey(recordingId), stop);
  try {
    await stopTasks(recordingId, 'stopRecording was called');
  } catch (error) {
    warn('StopTask failed; the recorder will find stop.json by itself', error);
  }
  return { recordingId, alreadyEnded: false };
}
