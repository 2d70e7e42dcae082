import { isStatus } from './stateStore.ts';

/** 409: another conditional write on the key was under way. */
const CONFLICT_TRIES = 5;

/**
 * A conditional write. 412: the key is taken, by a copy of ours or by something else (or the source was changed): the
 * caller looks what is there.
 */
export async function create(write: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await write();
      return;
    } catch (error) {
      if (isStatus(error, 412)) return;
      if (!isStatus(error, 409) || tries >= CONFLICT_TRIES) throw error;
    }
  }
}
