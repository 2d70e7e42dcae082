import { beforeAll, expect, it } from 'vitest';
import { parseWritingKey, writingPrefix } from '../../../functions/core/state/keys.ts';
import { counterStreamArgs } from '../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 6;

describeWith(['ffmpeg'], 'of a recording is told', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();
  let stream: Buffer;
  beforeAll(() => {
    const args = counterStreamArgs().filter((arg) => arg !== '-re');
    stream = folder.pipe('stream.flv', [...args, '-t', String(SECONDS), '-f', 'flv']);
  });

  async function begin(): Promise<{
    readonly recordingId: string;
    readonly written: () => Promise<unknown>;
  }> {
    const source = await HttpSource.start(stream, { bytesPerSecond: (2 * stream.length) / SECONDS });
    closers.push(() => source.close());
    const recordingId = await bench.createJob(source.url, { rotation: { kind: 'time', everyMs: 2_000 } });
    const written = async () => (await bench.store.list(writingPrefix(recordingId))).map(parseWritingKey);
    return { recordingId, written };
  }

  it('the file that is written now, and none at the end', async () => {
    const { recordingId, written } = await begin();
    const { reason } = bench.run(recordingId);
    const second = () => expect.objectContaining({ part: 2, fileName: expect.stringContaining('stream') });
    await expect.poll(written, { timeout: 20_000, interval: 50 }).toEqual([second()]);
    expect((await reason).code).toBe('source_ended');
    expect(await written()).toEqual([]);
    expect((await bench.objects(recordingId)).parts.size).toBeGreaterThan(2);
  }, 180_000);

  it('no file of a recorder that could not finish it', async () => {
    const { recordingId, written } = await begin();
    const { reason } = bench.run(recordingId);
    await expect.poll(written, { timeout: 20_000, interval: 50 }).toHaveLength(1);
    bench.faults.add({
      ...{ service: 's3', operation: 'CompleteMultipartUpload', match: recordingId, times: 1_000 },
      action: { kind: 'fail', status: 404, code: 'NoSuchUpload' },
    });
    expect((await reason).code).toBe('superseded');
    expect(await written()).toEqual([]);
    bench.faults.clear();
  }, 180_000);
});
