import { RecorderError } from '../api/errors.ts';
import { lockKey, sessionKey } from '../state/keys.ts';
import { lockSchema, sessionSchema } from '../state/objects.ts';
import { activeHolder, changeLock } from './lock.ts';
import { type StartPorts, startRecording } from './start.ts';
import { isAnswered } from './wanted.ts';

/**
 * Starts what is still to be recorded under a session's lock, once the lock's own recording takes nothing more. Safe to
 * repeat. @returns the new recording
 * @throws RecorderError session_busy
 */
export async function startWanted(ports: StartPorts, mediaSessionId: string): Promise<string | undefined> {
  const { store } = ports;
  const lock = (await store.read(lockKey(mediaSessionId), lockSchema))?.value;
  const wanted = lock?.wanted;
  if (lock === undefined || wanted === undefined) return undefined;
  if ((await activeHolder(store, lock)) !== undefined) return undefined;
  const session = (await store.read(sessionKey(mediaSessionId), sessionSchema))?.value;
  const goesOn = session?.status === 'PUBLISHING' && session.publishedAtMs === wanted.publishedAtMs;
  if (goesOn && !isAnswered(lock, wanted.publishedAtMs)) {
    const { settings, requestId } = wanted;
    try {
      return (await startRecording(ports, { mediaSessionId, settings, requestId })).recordingId;
    } catch (error) {
      if (!(error instanceof RecorderError) || error.code !== 'session_not_found') throw error;
    }
  }
  // That publication is over as well, or has a recording of its own.
  await changeLock(store, mediaSessionId, (known) => {
    const { wanted: still, ...rest } = known;
    return still?.publishedAtMs === wanted.publishedAtMs ? rest : known;
  });
  return undefined;
}
