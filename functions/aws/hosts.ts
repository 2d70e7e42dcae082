import { randomUUID } from 'node:crypto';
import { attemptsPrefix, hostAskKey, hostNudgeKey } from '../core/state/keys.ts';
import { claimSchema } from '../core/state/objects.ts';
import type { StateStore } from './stateStore.ts';

/**
 * Tells the hosts that carry a recording to look what was asked of it: within a second, where they would look by
 * themselves a few seconds later. What was asked is in state before.
 */
export async function nudgeHosts(store: StateStore, recordingId: string): Promise<void> {
  const claims = (await store.list(attemptsPrefix(recordingId))).filter((key) => key.endsWith('/claim.json'));
  const read = await Promise.all(claims.map((key) => store.read(key, claimSchema)));
  const hostIds = new Set(read.flatMap((claim) => claim?.value.hostId ?? []));
  await Promise.all(
    [...hostIds].map(async (hostId) => {
      await store.overwrite(hostAskKey(hostId, recordingId), {});
      await store.overwrite(hostNudgeKey(hostId), { nonce: randomUUID() });
    }),
  );
}
