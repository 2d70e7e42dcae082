import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { BufferPool } from '../../../container/upload/bufferPool.ts';
import { waitFor } from '../../support/children.ts';
import { counterStreamArgs, readRecord } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 40;
const FPS = 25;
/** Of a file of a second and a half. */
const SLICES_OF_FILE = 3;
/** One is filled, two are on their way to S3, and one file's last may wait. */
const SLICES_MAX = 4 * SLICES_OF_FILE;
/** Twenty, and the one that is being recorded. */
const UNFINISHED_MAX = 21;

describeWith(['ffmpeg'], 'rotation while S3 is away', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let source: HttpSource;

  beforeAll(async () => {
    const args = counterStreamArgs({ fps: FPS, keyframeEvery: FPS }).filter((arg) => arg !== '-re');
    const live = ['-flvflags', 'no_duration_filesize', '-f', 'flv'];
    const stream = folder.pipe('stream.flv', [...args, '-b:v', '2M', '-t', String(SECONDS), ...live]);
    source = await HttpSource.start(stream);
  }, 180_000);
  afterAll(async () => {
    await source.close();
  });

  it('keeps finished parts on disk, few at a time, and loses no frame', async () => {
    let taken = 0;
    let takenMax = 0;
    const { take, give } = BufferPool.prototype;
    const spies = [
      vi.spyOn(BufferPool.prototype, 'take').mockImplementation(function (this: BufferPool) {
        taken += 1;
        takenMax = Math.max(takenMax, taken);
        return take.call(this);
      }),
      vi.spyOn(BufferPool.prototype, 'give').mockImplementation(function (this: BufferPool, buffer) {
        taken -= 1;
        give.call(this, buffer);
      }),
    ];
    // The whole source comes while no upload can be created.
    bench.faults.add({
      service: 's3',
      operation: 'CreateMultipartUpload',
      times: 1_000_000,
      action: { kind: 'throttle' },
    });
    const recordingId = await bench.createJob(source.url, { rotation: { kind: 'time', everyMs: 1_000 } });
    const attempt = bench.run(recordingId);
    const all = (SECONDS - 2) * 1_000;
    await waitFor('all of it', () => attempt.written.durationMs >= all || undefined, { everyMs: 20 });
    bench.faults.clear();
    expect((await attempt.reason).code).toBe('source_ended');
    for (const spy of spies) spy.mockRestore();
    expect(takenMax).toBeLessThanOrEqual(SLICES_MAX);
    const { parts } = await bench.objects(recordingId);
    const finals = [...parts.values()].flatMap(({ final }) => final ?? []);
    finals.sort((one, other) => one.part - other.part);
    expect(finals).toHaveLength(UNFINISHED_MAX);
    const counters: number[] = [];
    for (const final of finals) {
      const file = folder.write(`part-${final.part}.mp4`, await bench.object(final.key));
      const record = await readRecord(file);
      expect(record.errors).toBe('');
      counters.push(...record.counters);
    }
    expect(counters).toEqual(Array.from({ length: SECONDS * FPS }, (_, frame) => frame));
  }, 180_000);
});
