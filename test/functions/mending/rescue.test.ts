import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { partKey } from '../../../functions/core/state/keys.ts';
import { type FinalPart, finalPartSchema } from '../../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { LANDING, MIB, RescueForTests, SAVERS } from './rescueForTests.ts';

describe.each(SAVERS)('rescue out of %s', (saver) => {
  const fixture = new RescueForTests(saver);
  const { bench, data } = fixture;

  it('appends what was saved to the uploaded S3 parts, without overlap, up to the first gap', async () => {
    const part = await fixture.abandon(2, [
      [9 * MIB, 11 * MIB],
      [11 * MIB, 12 * MIB],
      [12 * MIB + 1, 13 * MIB],
    ]);
    const final = await fixture.rescue(part);
    expect(final).toMatchObject({ bytes: 12 * MIB, recovered: true, estimatedLossMs: 1_500 });
    expect(final?.durationMs).toBe(Math.round((12 * MIB) / 1000));
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
    expect(await fixture.tailsLeft(part.recordingId)).toBe(0);
  });

  it('says nothing of the loss where the last sign of life is older than what was saved', async () => {
    const part = await fixture.abandon(1, [[8 * MIB, 9 * MIB]]);
    const final = await fixture.rescue({ ...part, endedAtMs: 1_000 });
    expect(final?.recovered).toBe(true);
    expect(final).not.toHaveProperty('estimatedLossMs');
  });

  it('makes a file of what was saved alone', async () => {
    const part = await fixture.abandon(0, [
      [0, MIB],
      [MIB, 2 * MIB],
    ]);
    await fixture.rescue(part);
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 2 * MIB))).toBe(true);
  });

  it('says so when nothing had been saved, and leaves no upload behind', async () => {
    const part = await fixture.abandon(0, [[MIB, 2 * MIB]]);
    expect(await fixture.rescue(part)).toMatchObject({ bytes: 0, uploaded: [] });
    await expect(bench.object(part.open.key)).rejects.toThrow();
    expect(await fixture.rescue(part)).toBeUndefined();
  });

  it('is the same for two at once, and again', async () => {
    const part = await fixture.abandon(2, [[10 * MIB, 13 * MIB]]);
    await Promise.all([fixture.rescue(part), fixture.rescue(part), fixture.rescue(part)]);
    expect(await fixture.rescue(part)).toBeUndefined();
    expect((await bench.object(part.open.key)).equals(data)).toBe(true);
    expect(await fixture.tailsLeft(part.recordingId)).toBe(0);
  });

  describe('with a final.json of the recorder', () => {
    const newFirst = Buffer.concat([Buffer.from('index'), data.subarray(3, 5 * MIB)]);

    async function finalized(isNewFirstThere: boolean) {
      const part = await fixture.abandon(2, [[10 * MIB, 13 * MIB]]);
      const uploaded = [0, 1].map((i) => describePart(i + 1, data.subarray(i * 5 * MIB, (i + 1) * 5 * MIB)));
      const first = describePart(1, newFirst);
      const pieces = [first, ...uploaded.slice(1)];
      const final: FinalPart = {
        ...part.open,
        uploaded,
        newFirst: first,
        bytes: bytesOf(pieces),
        crc32: crc32OfParts(pieces),
        durationMs: 10_000,
        endTimeMs: 10_900,
        startTimeMillis: 1_000,
        endTimeMillis: 11_000,
        videoFrames: 250,
        recovered: false,
        finalizedAtMs: 11_000,
      };
      await bench.store.create(partKey(part.recordingId, 1, 'final'), finalPartSchema.parse(final));
      if (isNewFirstThere) await fixture.upload(part.open, 1, newFirst);
      return { ...part, final };
    }

    it('completes the ordinary file when its head is there, and ignores what was saved', async () => {
      const part = await finalized(true);
      await fixture.rescue(part);
      const expected = Buffer.concat([newFirst, data.subarray(5 * MIB, 10 * MIB)]);
      expect((await bench.object(part.open.key)).equals(expected)).toBe(true);
    });

    it('completes the file as it was uploaded when its head is not there', async () => {
      const part = await finalized(false);
      await fixture.rescue(part);
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 10 * MIB))).toBe(true);
    });
  });

  it('leaves alone what somebody else completed', async () => {
    const part = await fixture.abandon(1, []);
    const etag = await fixture.upload(part.open, 1, data.subarray(0, MIB));
    await bench.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket: LANDING,
        Key: part.open.key,
        UploadId: part.open.uploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: etag }] },
      }),
    );
    expect(await fixture.rescue(part)).toBeUndefined();
    expect((await bench.object(part.open.key)).equals(data.subarray(0, MIB))).toBe(true);
  });

  it.each(['UploadPart', 'PutObject', 'CompleteMultipartUpload', 'ListParts', 'GetObject'])(
    'goes on after %s failed, or its answer was lost',
    async (operation) => {
      const part = await fixture.abandon(2, [[10 * MIB, 13 * MIB]]);
      bench.faults.add(
        { service: 's3', operation, match: part.recordingId, nth: 1, action: { kind: 'dropAnswer' } },
        {
          service: 's3',
          operation,
          match: part.recordingId,
          nth: 2,
          times: 3,
          action: { kind: 'fail', status: 500, code: 'InternalError' },
        },
      );
      for (let tries = 0; tries < 4; tries++) {
        await fixture.rescue(part).catch(() => undefined);
      }
      bench.faults.clear();
      expect((await bench.object(part.open.key)).equals(data)).toBe(true);
    },
  );
});
