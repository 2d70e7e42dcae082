import type { Logger } from '@aws-lambda-powertools/logger';
import { RecorderError } from '../core/api/errors.ts';
import { readRecording } from '../recordings/read.ts';
import { askForJoin, type ClipPorts } from './asking.ts';
import type { Made } from './making.ts';

/** Asks for all parts of a recording as one file, since it was recorded so. @returns `waiting` for its last part */
export async function joinWanted(
  ports: Pick<ClipPorts, 'store' | 'queue'>,
  recordingId: string,
  requestId: string,
  log: Logger,
): Promise<Made> {
  log.appendKeys({ recordingId });
  const objects = await readRecording(ports.store, recordingId);
  if (objects === undefined) return 'settled';
  log.appendKeys({ mediaSessionId: objects.job.mediaSessionId });
  try {
    const { clip } = await askForJoin(ports, objects, { requestId, nowMs: Date.now() });
    log.info('join asked', { clipId: clip.clipId });
    return 'settled';
  } catch (error) {
    if (!(error instanceof RecorderError)) throw error;
    if (error.code === 'recording_active') return 'waiting';
    log.info('its parts stay as they are', { reason: error.message });
    return 'settled';
  }
}
