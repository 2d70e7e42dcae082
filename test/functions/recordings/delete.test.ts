import { expect, it } from 'vitest';
import { outcomeKey, partKey, recordingPrefix } from '../../../functions/core/state/keys.ts';
import { deleteRecording } from '../../../functions/recordings/delete.ts';
import { benchForTests } from '../../support/forTests.ts';

const bench = benchForTests();
const reason = { code: 'stopped', message: 'm' } as const;

it('goes on where an earlier call had no time, and leaves nothing', async () => {
  const id = await bench.createJob('rtmp://host/live/key');
  for (let part = 1; part <= 51; part++) {
    const moved = {
      part,
      bucket: bench.store.bucket,
      key: `${part}.mp4`,
      etag: '"e"',
      bytes: 4,
      movedAtMs: 1,
    };
    await bench.store.create(partKey(id, part, 'moved'), moved);
  }
  const call = (hasTime: boolean) =>
    deleteRecording({ s3: bench.s3, store: bench.store }, id, { records: true, hasTime: () => hasTime });
  await expect(call(false)).rejects.toMatchObject({ code: 'recording_active' });
  await bench.store.create(outcomeKey(id), { status: 'finished', reason, parts: 51, atMs: 1 });
  expect(await call(false)).toEqual({ deletedRecords: 0, remainingParts: 1 });
  expect(await bench.store.list(`${recordingPrefix(id)}parts/`)).toHaveLength(1);
  expect(await call(false)).toEqual({ deletedRecords: 0, remainingParts: 0 });
  expect(await bench.store.list(recordingPrefix(id))).toEqual([]);
  await expect(call(false)).rejects.toMatchObject({ code: 'recording_not_found' });
});
