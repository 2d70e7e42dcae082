import { describe, expect, it } from 'vitest';
import { SupersededError } from '../../../container/attempt/faults.ts';
import { completeUpload } from '../../../container/upload/completion.ts';
import { partKey } from '../../../functions/core/state/keys.ts';
import {
  type FinalPart,
  finalPartSchema,
  type OpenPart,
  type UploadedPart,
} from '../../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../../../functions/core/upload/uploadedParts.ts';
import type { AbandonedPart } from '../../../functions/mending/rescue.ts';
import { LANDING, MIB, RescueForTests, SAVERS } from './rescueForTests.ts';

function finalOf(open: OpenPart, uploaded: readonly UploadedPart[]): FinalPart {
  const { openedAtMs, fileName: _fileName, ...facts } = open;
  return {
    ...facts,
    uploaded: [...uploaded],
    bytes: bytesOf(uploaded),
    crc32: crc32OfParts(uploaded),
    durationMs: 10_000,
    endTimeMs: 10_900,
    startTimeMillis: openedAtMs,
    endTimeMillis: 11_000,
    videoFrames: 250,
    recovered: false,
    finalizedAtMs: 11_000,
  };
}

describe.each(SAVERS)('rescue out of %s, beside a recorder that lives', (saver) => {
  const fixture = new RescueForTests(saver);
  const { bench, data } = fixture;

  /** A rescuer that uploads its tail, and dies before it completes. */
  async function halfRescue(part: AbandonedPart): Promise<void> {
    const fails = { kind: 'fail', status: 503, code: 'SlowDown' } as const;
    const match = part.recordingId;
    bench.faults.add({
      service: 's3',
      operation: 'CompleteMultipartUpload',
      match,
      times: 10,
      action: fails,
    });
    await expect(fixture.rescue(part)).rejects.toThrow();
    bench.faults.clear();
  }
  const final = async (recordingId: string) =>
    (await bench.store.read(partKey(recordingId, 1, 'final'), finalPartSchema))?.value;

  it('keeps every byte when the recorder overwrote the tail with its own S3 part', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 7 * MIB]]);
    await halfRescue(part);
    expect((await final(part.recordingId))?.bytes).toBe(7 * MIB);
    await fixture.upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB));
    await fixture.upload(part.open, 3, data.subarray(10 * MIB, 12 * MIB));
    expect(await fixture.rescue(part)).toMatchObject({ bytes: 12 * MIB });
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
    expect(await final(part.recordingId)).toMatchObject({ bytes: 12 * MIB, recovered: true });
  });

  it('takes what the recorder saved since, too', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 7 * MIB]]);
    await halfRescue(part);
    await fixture.save(part.recordingId, 7 * MIB, 8 * MIB);
    await fixture.rescue(part);
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 8 * MIB))).toBe(true);
  });

  it('takes what the recorder saves while its bytes are uploaded, where it may live', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 7 * MIB]]);
    const happens = () => fixture.save(part.recordingId, 7 * MIB, 8 * MIB);
    await fixture.rescue({ ...part, mayLive: true }, { before: 'UploadPartCommand', happens });
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 8 * MIB))).toBe(true);
  });

  it('looks again where the recorder puts its own S3 part over what was uploaded', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 12 * MIB]]);
    const happens = () => fixture.upload(part.open, 3, data.subarray(10 * MIB));
    await fixture.rescue(part, { before: 'CompleteMultipartUploadCommand', happens });
    expect((await bench.object(part.open.key)).equals(data)).toBe(true);
  });

  it('leaves no hole where its tail came last, over an S3 part of the recorder', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 7 * MIB]]);
    await fixture.upload(part.open, 2, data.subarray(5 * MIB, 7 * MIB));
    await fixture.upload(part.open, 3, data.subarray(10 * MIB, 13 * MIB));
    await fixture.rescue(part);
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 7 * MIB))).toBe(true);
  });

  it('puts no byte twice where the recorder had uploaded the S3 part after the one that was saved', async () => {
    const part = await fixture.abandon(1, [[5 * MIB, 12 * MIB]]);
    await fixture.upload(part.open, 3, data.subarray(10 * MIB, 12 * MIB));
    await halfRescue(part);
    await fixture.upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB));
    await fixture.rescue(part);
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
  });

  it('lets the recorder go, whose list S3 does not know any more', async () => {
    const part = await fixture.abandon(1, []);
    const parts = [
      describePart(1, data.subarray(0, 5 * MIB)),
      describePart(2, data.subarray(5 * MIB, 10 * MIB)),
    ];
    const etags = [
      await fixture.upload(part.open, 1, data.subarray(0, 5 * MIB)),
      await fixture.upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB)),
    ];
    await fixture.upload(part.open, 2, data.subarray(5 * MIB, 6 * MIB));
    const { job } = await bench.objects(part.recordingId);
    const completion = {
      target: { bucket: LANDING, key: part.open.key, uploadId: part.open.uploadId },
      parts: parts.map((one, i) => ({ ...one, etag: etags[i] ?? '' })),
      final: finalOf(part.open, parts),
    };
    const context = { s3: bench.s3, store: bench.store, job };
    await expect(completeUpload(context, completion, (run) => run())).rejects.toThrow(SupersededError);
  });
});
