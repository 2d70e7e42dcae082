import { createHash } from 'node:crypto';
import { newRecordingId, recordingIdTimeMs } from '../state/ids.ts';

/** Clips have ids of the same kind as recordings. This one is always the same for the same reason. */
function idOf(recordingId: string, ...reason: readonly (string | number)[]): string {
  const hash = createHash('sha256')
    .update([recordingId, ...reason].join('\n'), 'utf8')
    .digest();
  return newRecordingId(recordingIdTimeMs(recordingId), hash);
}

/** Of a request that may be sent twice. */
export const keyedClipId = (recordingId: string, idempotencyKey: string): string =>
  idOf(recordingId, 'key', idempotencyKey);

/** Of a recording's parts as one file, from here on. */
export const joinId = (recordingId: string, fromMs: number): string => idOf(recordingId, 'join', fromMs);
