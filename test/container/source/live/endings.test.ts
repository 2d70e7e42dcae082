import { beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../../support/children.ts';
import { counterStreamArgs, readCounters } from '../../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { HttpSource, type Pace } from '../../../support/httpSource.ts';
import type { Recorded } from '../../../support/recorderBench.ts';
import { describeWith } from '../../../support/tools.ts';

const FPS = 25;
const SECONDS = 6;

describeWith(['ffmpeg'], 'a recording that has a frame', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  /** With a duration in its metadata, as players are told of what ffmpeg publishes for so many seconds. */
  let stream: Buffer;

  beforeAll(async () => {
    stream = folder.make('stream.flv', [
      ...counterStreamArgs({ fps: FPS, keyframeEvery: 5 }).filter((arg) => arg !== '-re'),
      ...['-t', String(SECONDS)],
    ]);
  }, 180_000);

  async function sourceOf(pace: Omit<Pace, 'bytesPerSecond'>, seconds = SECONDS): Promise<HttpSource> {
    return HttpSource.start(stream, { bytesPerSecond: stream.length / seconds, ...pace });
  }

  async function countersOf({ objects, recordingId }: Recorded): Promise<number[]> {
    const counters: number[] = [];
    for (const { final } of objects.parts.values()) {
      if (final === undefined) continue;
      const file = folder.write(`${recordingId}-${final.part}.mp4`, await bench.object(final.key));
      counters.push(...(await readCounters(file)));
    }
    return counters;
  }

  it.concurrent('of a live stream whose metadata have a duration waits for it when it is cut off', async () => {
    const source = await sourceOf({ cutAtBytes: [Math.floor(stream.length / 2)] });
    const recorded = await bench.record(source.url, { reconnectWindowMs: 5_000 });
    await source.close();
    expect(recorded.reason.code).toBe('source_ended');
    const counters = await countersOf(recorded);
    // The second connection was whole, and then nothing was waited for.
    expect(counters.slice(-SECONDS * FPS)).toEqual(Array.from({ length: SECONDS * FPS }, (_, i) => i));
    expect(counters.length).toBeGreaterThan(SECONDS * FPS + 50);
    expect(recorded.reason.message).toBe('The source ended.');
  }, 180_000);

  it.concurrent('of a file ends with it, at once', async () => {
    const source = await sourceOf({}, 2);
    const recorded = await bench.record(source.url, { reconnectWindowMs: 60_000 });
    await source.close();
    expect(recorded.reason).toMatchObject({ code: 'source_ended', message: 'The source ended.' });
    expect(await countersOf(recorded)).toEqual(Array.from({ length: SECONDS * FPS }, (_, i) => i));
  }, 180_000);

  it.concurrent('has not failed when the attempt after a lost one finds no source', async () => {
    const source = await sourceOf({ stallAtBytes: Math.floor(stream.length / 2) });
    const recordingId = await bench.createJob(source.url);
    const first = bench.run(recordingId, 1);
    await waitFor('the first part', async () => (await bench.objects(recordingId)).parts.get(1)?.open);
    first.stop.ask('interrupted');
    expect((await first.reason).code).toBe('interrupted');
    await source.close();

    const reason = await bench.run(recordingId, 2).reason;
    expect(reason).toMatchObject({
      code: 'source_refused',
      message: 'Nothing listens at the source address.',
      complaint: expect.stringContaining('Connection refused'),
    });
    const { outcome, attempts } = await bench.objects(recordingId);
    expect(attempts.get(2)?.end?.reason).toEqual(reason);
    expect(outcome).toMatchObject({
      status: 'finished',
      parts: 1,
      reason: {
        code: 'source_ended',
        message: 'The source did not come back. Nothing listens at the source address.',
      },
    });
  }, 180_000);
});
