import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordingStatus } from '../../../functions/core/state/fold.ts';
import { counterStreamArgs } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

describeWith(['ffmpeg'], 'a recorder whose source has ended', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let source: HttpSource;
  beforeAll(async () => {
    const args = counterStreamArgs().filter((arg) => arg !== '-re');
    source = await HttpSource.start(folder.pipe('short.flv', [...args, '-t', '3', '-f', 'flv']));
  });
  afterAll(async () => {
    await source.close();
  });

  it('says that it is ending while S3 does not take its file, and finishes it then', async () => {
    const recordingId = await bench.createJob(source.url);
    bench.faults.add({
      service: 's3',
      operation: 'CompleteMultipartUpload',
      match: recordingId,
      times: 1_000,
      action: { kind: 'fail', status: 503, code: 'SlowDown' },
    });
    const { reason } = bench.run(recordingId);
    await expect
      .poll(async () => (await bench.objects(recordingId)).ending, { timeout: 20_000 })
      .toMatchObject({ attempt: 1, reason: { code: 'source_ended' } });
    const objects = await bench.objects(recordingId);
    expect([recordingStatus(objects), objects.outcome]).toEqual(['stopping', undefined]);
    bench.faults.clear();
    expect((await reason).code).toBe('source_ended');
    expect((await bench.objects(recordingId)).outcome).toMatchObject({ status: 'finished', parts: 1 });
  }, 180_000);

  it('and one that is stopped before its first frame has failed, and says so by its event', async () => {
    const before = bench.events.length;
    const recordingId = await bench.createJob(source.url);
    const attempt = bench.run(recordingId);
    attempt.stop.ask('stopped');
    await attempt.reason;
    const { outcome } = await bench.objects(recordingId);
    expect(outcome).toMatchObject({ status: 'failed', reason: { code: 'stopped_before_media' }, parts: 0 });
    expect(bench.events.slice(before)).toEqual(['Recording Failed']);
  });
});
