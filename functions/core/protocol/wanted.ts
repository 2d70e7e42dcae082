import type { Lock } from '../state/objects.ts';
import { changeLock } from './lock.ts';
import type { Store } from './ports.ts';

/**
 * A stream may be published again before the recording of its former publication has ended: that recording goes on and
 * takes the new one as well. Whoever asks is answered with it, and the lock remembers that the new publication is to
 * be recorded: if that recording ends after all, another one is started.
 */

type Wanted = NonNullable<Lock['wanted']>;

/** Whether the lock's recording was started for this publication, or one was and somebody stopped it. */
export function isAnswered(lock: Lock, publishedAtMs: number): boolean {
  const startedFor = lock.publishedAtMs ?? lock.acquiredAtMs;
  return startedFor >= publishedAtMs || (lock.declinedPublishedAtMs ?? 0) >= publishedAtMs;
}

/** The lock, when its recording is the answer for this publication as well. */
export function wantedToo(
  lock: Lock,
  publishedAtMs: number | undefined,
  { settings, requestId }: Pick<Wanted, 'settings' | 'requestId'>,
): Lock {
  if (publishedAtMs === undefined || (lock.publishedAtMs ?? lock.acquiredAtMs) >= publishedAtMs) return lock;
  if ((lock.wanted?.publishedAtMs ?? 0) >= publishedAtMs) return lock;
  return { ...lock, wanted: { publishedAtMs, settings, requestId } };
}

/** Somebody stops the lock's recording: nothing is to follow it. */
export function decline(store: Store, mediaSessionId: string, recordingId: string): Promise<void> {
  return changeLock(store, mediaSessionId, (lock) => {
    const { wanted, ...rest } = lock;
    if (lock.recordingId !== recordingId || wanted === undefined) return lock;
    return { ...rest, declinedPublishedAtMs: wanted.publishedAtMs };
  });
}
