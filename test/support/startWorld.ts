import { newRecordingId } from '../../functions/core/state/ids.ts';
import { sessionKey } from '../../functions/core/state/keys.ts';
import type { Session } from '../../functions/core/state/objects.ts';
import { ManualClock, MemoryStore, RecordedLauncher } from './memoryStore.ts';

/** A stream that somebody publishes. */
export const PUBLISHED: Session = {
  mediaSessionId: 'm1',
  name: 'camera',
  status: 'PUBLISHING',
  sourceUrl: 'rtmp://media.example/live/m1',
  eventAtMs: 1,
};

/** All that starting a recording asks of the world, in memory, made anew; ids are told apart, and come in order. */
export class StartWorld {
  readonly store = new MemoryStore();
  readonly launcher = new RecordedLauncher();
  readonly clock = new ManualClock();
  #ids = 0;

  /** @param sessions that are known */
  constructor(...sessions: readonly Session[]) {
    for (const session of sessions) this.store.put(sessionKey(session.mediaSessionId), session);
  }

  /** As functions and `startRecording` take them. */
  readonly ports = {
    store: this.store,
    tasks: this.launcher,
    clock: this.clock,
    newRecordingId: (): string => {
      this.#ids += 1;
      return newRecordingId(this.clock.nowMs() + this.#ids, new Uint8Array(16).fill(this.#ids));
    },
  };
}
