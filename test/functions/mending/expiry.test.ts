import { expect, it } from 'vitest';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { recordingIdTimeMs } from '../../../functions/core/state/ids.ts';
import { indexKey, outcomeKey, recordingPrefix } from '../../../functions/core/state/keys.ts';
import type { Outcome } from '../../../functions/core/state/objects.ts';
import { expireFinishedState, FINISHED_STATE_KEPT_MS } from '../../../functions/mending/expiry.ts';
import { benchForTests } from '../../support/forTests.ts';

const bench = benchForTests();

async function create(hasEnded: boolean): Promise<string> {
  const recordingId = await bench.createJob('rtmp://host/live/key');
  await bench.store.create(indexKey(recordingId), { recordingId });
  const outcome: Outcome = {
    status: 'finished',
    reason: { code: 'stopped', message: 'm' },
    parts: 0,
    atMs: 1,
  };
  if (hasEnded) await bench.store.create(outcomeKey(recordingId), outcome);
  return recordingId;
}
const keys = (recordingId: string): Promise<string[]> => bench.store.list(recordingPrefix(recordingId));
const expire = (nowMs: number): Promise<number> => {
  const s3 = bench.client('reconcile');
  return expireFinishedState({ s3, store: new StateStore(s3, bench.store.bucket) }, nowMs);
};

it('forgets what ended long ago, and nothing else', async () => {
  const [ended, going] = [await create(true), await create(false)];
  const madeAtMs = recordingIdTimeMs(ended);
  expect(await expire(madeAtMs + FINISHED_STATE_KEPT_MS - 1_000)).toBe(0);
  expect(await keys(ended)).toHaveLength(2);
  expect(await expire(madeAtMs + FINISHED_STATE_KEPT_MS + 60_000)).toBe(1);
  expect(await keys(ended)).toEqual([]);
  expect(await bench.store.list(indexKey(ended))).toEqual([]);
  expect(await keys(going)).toHaveLength(1);
  expect(await bench.store.list(indexKey(going))).toHaveLength(1);
});
