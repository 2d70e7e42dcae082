import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyPlanKey, copyPlanSchema } from '../../../functions/core/relocation/copyPlan.ts';
import { keysToMove } from '../../../functions/core/relocation/messages.ts';
import { MIB, patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';

/** Five ranges. */
const BODY = patternBytes(21 * MIB + 3);
let bench: MoveBench;

beforeAll(async () => {
  bench = await MoveBench.start({ limits: { copyMaxBytes: 6 * MIB, partBytes: 5 * MIB, atOnce: 2 } });
});
beforeEach(() => {
  bench.calls.length = 0;
  bench.events.length = 0;
});
afterAll(() => bench.close());

const copies = (): number => bench.calls.filter((name) => name === 'UploadPartCopy').length;
/** Says yes so many times. */
function timeFor(times: number): () => boolean {
  let asked = 0;
  return () => asked++ < times;
}

describe('a record above the limit of one copy', () => {
  it('is copied in ranges', async () => {
    const landed = await bench.land(BODY, { streamName: 'large' });
    await bench.move(landed.key);
    expect(copies()).toBe(5);
    expect((await bench.read('stream_records/large.mp4')).equals(BODY)).toBe(true);
    expect(await bench.head('stream_records/large.mp4')).toMatchObject({
      ContentType: 'video/mp4',
      ChecksumCRC32: landed.final.crc32,
      ContentDisposition: 'inline; filename="large.mp4"',
      Metadata: expect.objectContaining({ 'recording-id': landed.job.recordingId }),
    });
    expect(await bench.keys('landing', landed.key)).toEqual([]);
    expect(bench.available(landed)).toHaveLength(1);
    expect(await bench.openUploads()).toBe(0);
  });

  it('goes on where it was when the time is over, by a message to ourselves', async () => {
    const landed = await bench.land(BODY, { streamName: 'slow' });
    await bench.move(landed.key, timeFor(2));
    expect(copies()).toBe(2);
    expect(await bench.keys('library', 'stream_records/slow')).toEqual([]);
    expect(bench.available(landed)).toEqual([]);
    expect(bench.events.map((event) => keysToMove(event))).toEqual([[landed.key]]);

    await bench.move(landed.key, timeFor(2));
    expect(copies()).toBe(4);
    await bench.move(landed.key, timeFor(2));
    expect(copies()).toBe(5);
    expect((await bench.read('stream_records/slow.mp4')).equals(BODY)).toBe(true);
    expect(bench.available(landed)).toHaveLength(1);
    expect(await bench.openUploads()).toBe(0);
  });

  it('goes on after a fault in the middle', async () => {
    const landed = await bench.land(BODY, { streamName: 'faulty' });
    bench.faults.add({ service: 's3', operation: 'UploadPartCopy', nth: 3, action: { kind: 'throttle' } });
    await expect(bench.move(landed.key)).rejects.toThrow();
    bench.faults.clear();
    const before = copies();
    await bench.move(landed.key);
    expect(copies() - before).toBeLessThanOrEqual(3);
    expect((await bench.read('stream_records/faulty.mp4')).equals(BODY)).toBe(true);
  });

  it('begins again when its upload was aborted', async () => {
    const landed = await bench.land(BODY, { streamName: 'aborted' });
    await bench.move(landed.key, timeFor(1));
    const plan = await bench.store.read(copyPlanKey(landed.job.recordingId, 1), copyPlanSchema);
    const upload = { Bucket: 'library', Key: plan?.value.key, UploadId: plan?.value.uploadId };
    await bench.s3.send(new AbortMultipartUploadCommand(upload));
    await bench.move(landed.key);
    expect((await bench.read('stream_records/aborted.mp4')).equals(BODY)).toBe(true);
    expect(await bench.openUploads()).toBe(0);
  });

  it('takes its other name when the first one is taken meanwhile', async () => {
    const landed = await bench.land(BODY, { streamName: 'raced' });
    await bench.move(landed.key, timeFor(1));
    await bench.put('library', 'stream_records/raced.mp4', Buffer.from('of somebody else'));
    await bench.move(landed.key);
    const { key } = (await bench.moved(landed)) ?? { key: '' };
    expect(key).toBe(`stream_records/raced-${landed.job.recordingId}_001.mp4`);
    expect((await bench.read(key)).equals(BODY)).toBe(true);
    expect(await bench.read('stream_records/raced.mp4')).toEqual(Buffer.from('of somebody else'));
    expect(await bench.openUploads()).toBe(0);
  });

  it('is copied once when two work on it', async () => {
    const landed = await bench.land(BODY, { streamName: 'two' });
    await bench.move(landed.key, timeFor(1));
    await Promise.all([bench.move(landed.key), bench.move(landed.key)]);
    expect((await bench.read('stream_records/two.mp4')).equals(BODY)).toBe(true);
    expect(await bench.keys('library', 'stream_records/two')).toEqual(['stream_records/two.mp4']);
    expect(await bench.openUploads()).toBe(0);
  });
});
