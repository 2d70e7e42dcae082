import type { StateStore } from '../aws/stateStore.ts';
import { ACTIVE_PREFIX, activeKey, parseWritingKey, WRITING_PREFIX } from '../core/state/keys.ts';
import type { Walk } from './walk.ts';

/** Removes what recorders that are gone left of recordings that have ended: that they are writing a file. */
export async function forgetEndedFiles(store: StateStore, walk: Walk): Promise<void> {
  await walk.through('writing', WRITING_PREFIX, async (entries) => {
    if (entries.length === 0) return;
    // After the files: a recording is marked before it has any.
    const active = new Set(await store.list(ACTIVE_PREFIX));
    const ended = entries.filter(({ key }) => {
      const file = parseWritingKey(key);
      return file !== undefined && !active.has(activeKey(file.recordingId));
    });
    await Promise.all(ended.map(({ key }) => store.remove(key)));
  });
}
