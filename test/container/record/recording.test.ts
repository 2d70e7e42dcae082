import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PartUpload } from '../../../container/upload/partUpload.ts';
import { Spool } from '../../../container/upload/spool.ts';
import { boxesIn } from '../../../functions/core/media/mp4/boxes.ts';
import type { FinalPart } from '../../../functions/core/state/partObjects.ts';
import { crc32OfParts, describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { waitFor } from '../../support/children.ts';
import { counterStreamArgs, probe, readRecord } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource, type Pace } from '../../support/httpSource.ts';
import type { Recorded } from '../../support/recorderBench.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 10;
const FPS = 25;
const MIB = 1024 * 1024;

describeWith(['ffmpeg'], 'the recorder', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  /** Of 17 MB: it takes four S3 parts. */
  let stream: Buffer;
  let small: Buffer;
  let sparse: Buffer;

  beforeAll(async () => {
    const make = (name: string, keyframeEvery: number, more: readonly string[] = []): Buffer =>
      folder.pipe(name, [
        ...counterStreamArgs({ fps: FPS, keyframeEvery }).filter((arg) => arg !== '-re'),
        ...more,
        // A live stream does not know its duration.
        ...['-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
      ]);
    const rate = ['-b:v', '14M', '-minrate', '14M', '-maxrate', '14M', '-bufsize', '14M'];
    stream = make('stream.flv', FPS, [...rate, '-x264-params', 'nal-hrd=cbr']);
    small = make('small.flv', FPS);
    sparse = make('sparse.flv', 3 * FPS);
  }, 180_000);
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  async function serve(bytes: Buffer, pace?: Pace): Promise<string> {
    const source = await HttpSource.start(bytes, pace);
    sources.push(source);
    return source.url;
  }

  const finals = ({ objects }: Pick<Recorded, 'objects'>): FinalPart[] =>
    [...objects.parts.values()].map(({ final }) => final).filter((final) => final !== undefined);

  /** The frame numbers of all parts, one after the other; every part is sound. */
  async function counters(recorded: Recorded): Promise<number[]> {
    const all: number[] = [];
    for (const final of finals(recorded)) {
      const bytes = await bench.object(final.key);
      expect(bytes.length).toBe(final.bytes);
      const file = folder.write(`${recorded.recordingId}-${final.part}.mp4`, bytes);
      const { errors, counters: found, durationMs } = await readRecord(file);
      expect(errors).toBe('');
      expect(Math.abs(durationMs - final.durationMs)).toBeLessThan(10);
      all.push(...found);
    }
    return all;
  }
  const EVERY_FRAME = Array.from({ length: SECONDS * FPS }, (_, i) => i);

  it('records a whole stream, in many S3 parts, into one ordinary file', async () => {
    const recorded = await bench.record(await serve(stream), { partBytes: 5 * MIB });
    expect(recorded.reason.code).toBe('source_ended');
    const [final] = finals(recorded);
    expect(final?.uploaded.length).toBeGreaterThan(3);
    expect(await counters(recorded)).toEqual(EVERY_FRAME);
    const { format } = await probe(folder.file(`${recorded.recordingId}-1.mp4`));
    expect(Math.abs(Number(format.duration) * 1000 - (final?.durationMs ?? 0))).toBeLessThan(2);
    expect(recorded.objects.outcome).toMatchObject({ status: 'finished', parts: 1 });
    expect(recorded.objects.attempts.get(1)).toMatchObject({
      end: { reason: { code: 'source_ended' } },
      progress: { durationMs: expect.any(Number) },
    });
  });

  it.each([
    ['by time', { kind: 'time', everyMs: 2_000 }, () => small, 5],
    ['by time, with 3 s between keyframes', { kind: 'time', everyMs: 1_500 }, () => sparse, 3],
    ['by size', { kind: 'size', everyBytes: 6 * MIB }, () => stream, 3],
  ] as const)('rotates %s; the parts join exactly', async (_name, rotation, bytes, parts) => {
    const recorded = await bench.record(await serve(bytes()), { rotation });
    expect(finals(recorded).length).toBeGreaterThanOrEqual(parts);
    expect(finals(recorded).map(({ part }) => part)).toEqual(finals(recorded).map((_, i) => i + 1));
    expect(await counters(recorded)).toEqual(EVERY_FRAME);
  });

  it.each(['mp4', 'ts', 'mkv'] as const)(
    'goes on in the same %s file when the source comes back',
    async (format) => {
      const shareOf = (share: number) => Math.floor(small.length / share);
      // In its own time: what came in a hurry, the same again, would be a server's cache.
      const source = await HttpSource.start(small, {
        bytesPerSecond: shareOf(SECONDS),
        cutAtBytes: [shareOf(6), shareOf(7)],
        later: small.subarray(0, shareOf(6)),
      });
      sources.push(source);
      const recordingId = await bench.createJob(source.url, {
        reconnectWindowMs: 60_000,
        formats: { h264: format },
      });
      const attempt = bench.run(recordingId);
      // Whoever comes a fourth time finds it gone.
      await waitFor('the third time to be over', () => source.connections > 3 || undefined);
      attempt.stop.ask('stopped');
      expect((await attempt.reason).code).toBe('stopped');
      const [final, ...others] = finals({ objects: await bench.objects(recordingId) });
      expect(others).toEqual([]);
      // The source begins anew each time.
      const file = folder.write(`back.${format}`, await bench.object(final?.key ?? ''));
      const { errors, counters: found, durationMs } = await readRecord(file);
      if (format !== 'ts') expect(errors).toBe('');
      const starts = found.filter((counter) => counter === 0).length;
      expect(final?.gaps?.length).toBe(starts - 1);
      expect(starts).toBe(3);
      for (const [i, counter] of found.entries()) {
        if (counter !== 0) expect(counter).toBe((found[i - 1] ?? 0) + 1);
      }
      expect(Math.abs(durationMs - (final?.durationMs ?? 0))).toBeLessThan(100);
    },
    240_000,
  );

  it('announces start, parts and end', async () => {
    const before = bench.events.length;
    await bench.record(await serve(small), { rotation: { kind: 'time', everyMs: 3_000 } });
    const events = bench.events.slice(before);
    expect(events.filter((type) => type === 'Recording Part Finished').length).toBeGreaterThan(1);
    expect(events[0]).toBe('Recording Started');
    expect(events.at(-1)).toBe('Recording Finished');
  });

  describe('while S3 fails', () => {
    it('loses nothing in an outage: what waits is on disk', async () => {
      bench.faults.add({
        service: 's3',
        operation: 'UploadPart',
        nth: 2,
        action: { kind: 'vanish', durationMs: 3_000 },
      });
      const recorded = await bench.record(await serve(stream, { bytesPerSecond: 8 * MIB }), {
        partBytes: 5 * MIB,
      });
      bench.faults.clear();
      expect(recorded.reason.code).toBe('source_ended');
      expect(await counters(recorded)).toEqual(EVERY_FRAME);
    }, 180_000);

    it.each([
      ['UploadPart', () => stream],
      ['CreateMultipartUpload', () => small],
      ['CompleteMultipartUpload', () => small],
      ['PutObject', () => small],
    ] as const)(
      'loses nothing when answers of %s are lost, throttled, cut off',
      async (operation, bytes) => {
        bench.faults.add(
          {
            service: 's3',
            operation,
            match: 'records/|state/recordings',
            nth: 1,
            action: { kind: 'dropAnswer' },
          },
          {
            service: 's3',
            operation,
            match: 'records/|state/recordings',
            nth: 3,
            times: 4,
            action: { kind: 'throttle' },
          },
          {
            service: 's3',
            operation,
            match: 'records/|state/recordings',
            nth: 8,
            action: { kind: 'resetMidBody', afterBytes: 100 },
          },
        );
        const recorded = await bench.record(await serve(bytes()), { partBytes: 5 * MIB });
        bench.faults.clear();
        expect(recorded.reason.code).toBe('source_ended');
        expect(await counters(recorded)).toEqual(EVERY_FRAME);
        expect(recorded.objects.outcome?.status).toBe('finished');
      },
      180_000,
    );

    it('sends the index again, from its beginning, until S3 has it', async () => {
      const faults = [
        { kind: 'resetMidBody', afterBytes: MIB },
        { kind: 'throttle' },
        { kind: 'dropAnswer' },
      ] as const;
      // The first upload is that of all media.
      for (const [place, action] of faults.entries()) {
        bench.faults.add({ service: 's3', operation: 'UploadPart', nth: 2 + place, action });
      }
      const hit = vi.spyOn(bench.faults, 'hit');
      const recorded = await bench.record(await serve(stream), { partBytes: 64 * MIB });
      bench.faults.clear();
      expect(hit.mock.calls.filter(([{ operation }]) => operation === 'UploadPart')).toHaveLength(5);
      const [final] = finals(recorded);
      expect(final?.uploaded).toHaveLength(1);
      expect(await counters(recorded)).toEqual(EVERY_FRAME);
      const moved = await bench.object(final?.key ?? '');
      expect(boxesIn(moved).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
      expect(crc32OfParts([describePart(1, moved)])).toBe(final?.crc32);
    }, 180_000);

    it('finishes the other parts when one cannot be', async () => {
      // The first part waits for S3 when the second one's index turns out to be lost.
      const lost = Promise.withResolvers<void>();
      const make = PartUpload.prototype.firstWithHead;
      const reserve = PartUpload.prototype.reserve;
      /** In the order of the parts: which of them is done first is chance. */
      const uploads: PartUpload[] = [];
      const begun = vi.spyOn(PartUpload.prototype, 'reserve').mockImplementation(function (
        this: PartUpload,
        ...args
      ) {
        if (!uploads.includes(this)) uploads.push(this);
        return reserve.apply(this, args);
      });
      const spy = vi.spyOn(PartUpload.prototype, 'firstWithHead').mockImplementation(function (
        this: PartUpload,
        ...args
      ) {
        if (this !== uploads[1]) return make.apply(this, args);
        lost.resolve();
        return Promise.reject(new Error('the disk is lost'));
      });
      const order: string[] = [];
      const close = vi.spyOn(Spool.prototype, 'close').mockImplementationOnce(async () => {
        order.push('spool closed');
      });
      const again = PartUpload.prototype.uploadFirstAgain;
      const sent = vi.spyOn(PartUpload.prototype, 'uploadFirstAgain').mockImplementation(async function (
        this: PartUpload,
        content,
      ) {
        await lost.promise;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        const uploaded = await again.call(this, content);
        order.push('index sent');
        return uploaded;
      });
      const recorded = await bench.record(await serve(small), {
        partBytes: 64 * MIB,
        rotation: { kind: 'time', everyMs: 7_000 },
      });
      for (const mock of [begun, spy, close, sent]) mock.mockRestore();
      expect(order).toEqual(['index sent', 'spool closed']);
      bench.faults.clear();
      expect(uploads).toHaveLength(2);
      expect(finals(recorded).map(({ part }) => part)).toEqual([1]);
      const found = await counters(recorded);
      expect(found).toEqual(EVERY_FRAME.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(7 * FPS);
    }, 180_000);

    it('ends loudly when the disk is full, with all up to there', async () => {
      bench.faults.add({
        service: 's3',
        operation: 'UploadPart',
        times: 1_000,
        action: { kind: 'throttle' },
      });
      // It does not end by itself, however far behind a busy recorder is.
      const source = await HttpSource.start(stream, {
        bytesPerSecond: 8 * MIB,
        stallAtBytes: stream.length,
      });
      sources.push(source);
      const ended = bench.record(source.url, { partBytes: 5 * MIB, spoolMaxBytes: 5 * MIB });
      // S3 is back once nothing more is recorded.
      await waitFor('the end', () => (source.connections > 0 && source.open === 0 ? true : undefined));
      bench.faults.clear();
      const recorded = await ended;
      expect(recorded.reason.code).toBe('spool_full');
      expect(recorded.objects.outcome).toMatchObject({ status: 'failed', reason: { code: 'spool_full' } });
      const found = await counters(recorded);
      expect(found.length).toBeGreaterThan(50);
      expect(found).toEqual(EVERY_FRAME.slice(0, found.length));
    }, 180_000);
  });

  it('told to end without a stop, finishes its part and leaves the rest to the next attempt', async () => {
    const pace = { bytesPerSecond: Number.POSITIVE_INFINITY, stallAtBytes: Math.floor(small.length / 2) };
    const recordingId = await bench.createJob(await serve(small, pace));
    const attempt = bench.run(recordingId);
    await waitFor('the first part', async () => (await bench.objects(recordingId)).parts.get(1)?.open);
    attempt.stop.ask('interrupted');
    expect((await attempt.reason).code).toBe('interrupted');
    const objects = await bench.objects(recordingId);
    expect(objects.outcome).toBeUndefined();
    expect(objects.attempts.get(1)?.end?.reason.code).toBe('interrupted');
    const recorded = { recordingId, objects, reason: await attempt.reason };
    const found = await counters(recorded);
    expect(found).toEqual(EVERY_FRAME.slice(0, found.length));

    expect((await bench.run(recordingId, 2).reason).code).toBe('source_ended');
    const both = await bench.objects(recordingId);
    expect([...both.parts.keys()].sort()).toEqual([1, 2]);
    expect(both.parts.get(2)?.open?.attempt).toBe(2);
  }, 180_000);
});
