import { expect, it } from 'vitest';
import { HostState } from '../../../container/host/hostState.ts';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { hostCarriesKey } from '../../../functions/core/state/keys.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const KEY = hostCarriesKey('host', 'one', 1);
const run = (runId: string) => ({ recordingId: 'one', attempt: 1, runId });

it('what a host carries again after its worker died is found until that run has ended, however late the first is told', async () => {
  const store = new MemoryStore();
  const state = new HostState(store as unknown as StateStore, 'host');
  await state.carry(run('first'));
  await state.carry(run('again'));
  await state.drop(run('first'));
  expect(store.objects.has(KEY)).toBe(true);
  // S3 may do last what it was asked first: it is written when the one before is removed.
  store.before = async (operation) => {
    if (operation === 'remove') await new Promise(setImmediate);
  };
  const dropped = state.drop(run('again'));
  await Promise.all([state.carry(run('third')), dropped]);
  expect(store.objects.get(KEY)?.json).toContain('third');
});
