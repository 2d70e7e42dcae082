import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FinalPart } from '../../../functions/core/state/partObjects.ts';
import { waitFor } from '../../support/children.ts';
import { counterStreamArgs, readRecord } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource, type Pace } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 20;
const MAX_BYTES = 400_000;

describeWith(['ffmpeg'], 'a recording that may have so many bytes', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  let stream: Buffer;
  /** Of the largest fragment, a second of the stream. */
  let fragmentBytes: number;

  beforeAll(async () => {
    stream = folder.pipe('stream.flv', [
      ...counterStreamArgs().filter((arg) => arg !== '-re'),
      ...['-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    fragmentBytes = 1.5 * (stream.length / SECONDS);
  });
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  async function serve(pace?: Pace): Promise<string> {
    const source = await HttpSource.start(stream, pace);
    sources.push(source);
    return source.url;
  }
  async function finals(recordingId: string): Promise<FinalPart[]> {
    const { parts } = await bench.objects(recordingId);
    return [...parts.values()].flatMap(({ final }) => final ?? []);
  }
  const bytesOf = (parts: readonly FinalPart[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const REASON = { code: 'stopped', message: 'The recording is as large as maxBytes allows.' };

  it('ends at the fragment that reaches it, over all parts, however fast the source is', async () => {
    const { reason, recordingId } = await bench.record(await serve(), {
      maxBytes: MAX_BYTES,
      rotation: { kind: 'time', everyMs: 3_000 },
    });
    expect(reason).toEqual(REASON);
    const parts = await finals(recordingId);
    expect(parts.length).toBeGreaterThan(1);
    // Each part's index adds a little.
    expect(bytesOf(parts)).toBeGreaterThanOrEqual(MAX_BYTES);
    expect(bytesOf(parts)).toBeLessThan(MAX_BYTES + fragmentBytes + 8_192 * parts.length);
    const counters: number[] = [];
    for (const { key, part } of parts) {
      const file = folder.write(`limited-${part}.mp4`, await bench.object(key));
      const record = await readRecord(file);
      expect(record.errors).toBe('');
      counters.push(...record.counters);
    }
    expect(counters).toEqual(counters.map((_, i) => i));
    expect((await bench.objects(recordingId)).outcome).toMatchObject({ status: 'finished', reason: REASON });
  });

  it('counts what earlier attempts recorded', async () => {
    const bytesPerSecond = Number.POSITIVE_INFINITY;
    const url = await serve({ bytesPerSecond, stallAtBytes: MAX_BYTES / 2 });
    const recordingId = await bench.createJob(url, { maxBytes: MAX_BYTES });
    const first = bench.run(recordingId);
    await waitFor('the first part', async () => (await bench.objects(recordingId)).parts.get(1)?.open);
    first.stop.ask('interrupted');
    expect((await first.reason).code).toBe('interrupted');
    const earlier = bytesOf(await finals(recordingId));
    expect(earlier).toBeGreaterThan(0);
    expect(earlier).toBeLessThan(MAX_BYTES);
    expect(await bench.run(recordingId, 2).reason).toEqual(REASON);
    const all = bytesOf(await finals(recordingId));
    expect(all).toBeGreaterThanOrEqual(MAX_BYTES);
    expect(all).toBeLessThan(MAX_BYTES + fragmentBytes + 16_384);
  });
});
