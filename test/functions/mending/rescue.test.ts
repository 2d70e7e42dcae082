import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { SupersededError } from '../../../container/attempt/faults.ts';
import { completeUpload } from '../../../container/upload/completion.ts';
import { partKey, tailsPrefix } from '../../../functions/core/state/keys.ts';
import {
  type FinalPart,
  finalPartSchema,
  type OpenPart,
  type UploadedPart,
} from '../../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { Rescue } from '../../../functions/mending/rescue.ts';
import { benchForTests } from '../../support/forTests.ts';
import { JournalForTests } from '../../support/journal.ts';

const MIB = 1024 * 1024;

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
const LANDING = 'landing';
const log = new Logger({ logLevel: 'SILENT' });

/** A recorder of version 0.1 saved tails; it may go on through an upgrade. */
describe.each(['journal', 'tails'] as const)('rescue out of %s', (saver) => {
  const bench = benchForTests();
  const data = randomBytes(13 * MIB);

  const journalOf = (recordingId: string) =>
    new JournalForTests(bench.s3, LANDING, `host/worker-of-${recordingId}`);

  /** What a killed recorder leaves: so many S3 parts of 5 MiB, and these ranges, saved. */
  async function abandon(s3Parts: number, saved: readonly (readonly [from: number, to: number])[]) {
    const recordingId = await bench.createJob('rtmp://host/live/key', { partBytes: 5 * MIB });
    const key = `records/${recordingId}/1/cam.mp4`;
    const created = await bench.s3.send(
      new CreateMultipartUploadCommand({
        Bucket: LANDING,
        Key: key,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    const open: OpenPart = {
      part: 1,
      attempt: 1,
      ...(saver === 'tails' ? {} : { file: 1 }),
      key,
      uploadId: created.UploadId ?? '',
      fileName: 'cam.mp4',
      format: 'mp4',
      openedAtMs: 1_000,
      startTimeMs: 900,
      tracks: [{ kind: 'video', codec: 'h264' }],
    };
    await bench.store.create(partKey(recordingId, 1, 'open'), open);
    for (let i = 0; i < s3Parts; i++)
      await upload(open, i + 1, data.subarray(i * 5 * MIB, (i + 1) * 5 * MIB));
    for (const [from, to] of saved) await save(recordingId, from, to);
    return { recordingId, open, ...(saver === 'tails' ? {} : { journal: journalOf(recordingId).id }) };
  }

  async function save(recordingId: string, from: number, to: number): Promise<void> {
    const facts = { durationMs: Math.round(to / 1000), videoFrames: (to / 1_000_00) | 0, atMs: 5_000 };
    const bytes = data.subarray(from, to);
    if (saver === 'journal') {
      const file = { attempt: 1, file: 1, offset: from, ...facts };
      // Those of others lie around them.
      const others = [0, 1].map((i) => ({ ...file, recordingId: `other${i}`, bytes: randomBytes(1_000) }));
      const own = { ...file, recordingId, bytes };
      await journalOf(recordingId).write([others[0], own, others[1]].flatMap((entry) => entry ?? []));
      return;
    }
    const Metadata = {
      'duration-ms': String(facts.durationMs),
      'video-frames': String(facts.videoFrames),
      'at-ms': String(facts.atMs),
    };
    const Key = `${tailsPrefix(recordingId, 1)}${from}-${to - from}`;
    await bench.s3.send(new PutObjectCommand({ Bucket: LANDING, Key, Body: bytes, Metadata }));
  }

  async function upload(open: OpenPart, partNumber: number, body: Buffer): Promise<string> {
    const answer = await bench.s3.send(
      new UploadPartCommand({
        Bucket: LANDING,
        Key: open.key,
        UploadId: open.uploadId,
        PartNumber: partNumber,
        Body: body,
      }),
    );
    return answer.ETag ?? '';
  }

  const rescuer = () => new Rescue({ s3: bench.client(), store: bench.store, clock: { nowMs: () => 9_000 } });
  const endedAtMs = 6_500;

  async function tailsLeft(recordingId: string): Promise<number> {
    const list = new ListObjectsV2Command({ Bucket: LANDING, Prefix: `state/tails/${recordingId}/` });
    return (await bench.s3.send(list)).KeyCount ?? 0;
  }

  it('appends what was saved to the uploaded S3 parts, without overlap, up to the first gap', async () => {
    const part = await abandon(2, [
      [9 * MIB, 11 * MIB],
      [11 * MIB, 12 * MIB],
      [12 * MIB + 1, 13 * MIB],
    ]);
    const final = await rescuer().rescue({ ...part, endedAtMs }, log);
    expect(final).toMatchObject({ bytes: 12 * MIB, recovered: true, estimatedLossMs: 1_500 });
    expect(final?.durationMs).toBe(Math.round((12 * MIB) / 1000));
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
    expect(await tailsLeft(part.recordingId)).toBe(0);
  });

  it('says nothing of the loss where the last sign of life is older than what was saved', async () => {
    const part = await abandon(1, [[8 * MIB, 9 * MIB]]);
    const final = await rescuer().rescue({ ...part, endedAtMs: 1_000 }, log);
    expect(final?.recovered).toBe(true);
    expect(final).not.toHaveProperty('estimatedLossMs');
  });

  it('makes a file of what was saved alone', async () => {
    const part = await abandon(0, [
      [0, MIB],
      [MIB, 2 * MIB],
    ]);
    await rescuer().rescue({ ...part, endedAtMs }, log);
    expect((await bench.object(part.open.key)).equals(data.subarray(0, 2 * MIB))).toBe(true);
  });

  it('says so when nothing had been saved, and leaves no upload behind', async () => {
    const part = await abandon(0, [[MIB, 2 * MIB]]);
    expect(await rescuer().rescue({ ...part, endedAtMs }, log)).toMatchObject({ bytes: 0, uploaded: [] });
    await expect(bench.object(part.open.key)).rejects.toThrow();
    expect(await rescuer().rescue({ ...part, endedAtMs }, log)).toBeUndefined();
  });

  it('is the same for two at once, and again', async () => {
    const part = await abandon(2, [[10 * MIB, 13 * MIB]]);
    await Promise.all([
      rescuer().rescue({ ...part, endedAtMs }, log),
      rescuer().rescue({ ...part, endedAtMs }, log),
      rescuer().rescue({ ...part, endedAtMs }, log),
    ]);
    expect(await rescuer().rescue({ ...part, endedAtMs }, log)).toBeUndefined();
    expect((await bench.object(part.open.key)).equals(data)).toBe(true);
    expect(await tailsLeft(part.recordingId)).toBe(0);
  });

  describe('with a final.json of the recorder', () => {
    const newFirst = Buffer.concat([Buffer.from('index'), data.subarray(3, 5 * MIB)]);

    async function finalized(isNewFirstThere: boolean) {
      const part = await abandon(2, [[10 * MIB, 13 * MIB]]);
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
      if (isNewFirstThere) await upload(part.open, 1, newFirst);
      return { ...part, final };
    }

    it('completes the ordinary file when its head is there, and ignores what was saved', async () => {
      const part = await finalized(true);
      await rescuer().rescue({ ...part, endedAtMs }, log);
      const expected = Buffer.concat([newFirst, data.subarray(5 * MIB, 10 * MIB)]);
      expect((await bench.object(part.open.key)).equals(expected)).toBe(true);
    });

    it('completes the file as it was uploaded when its head is not there', async () => {
      const part = await finalized(false);
      await rescuer().rescue({ ...part, endedAtMs }, log);
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 10 * MIB))).toBe(true);
    });
  });

  describe('beside a recorder that lives', () => {
    /** A rescuer that uploads its tail, and dies before it completes. */
    async function halfRescue(part: Awaited<ReturnType<typeof abandon>>): Promise<void> {
      const fails = { kind: 'fail', status: 503, code: 'SlowDown' } as const;
      const match = part.recordingId;
      bench.faults.add({
        service: 's3',
        operation: 'CompleteMultipartUpload',
        match,
        times: 10,
        action: fails,
      });
      await expect(rescuer().rescue({ ...part, endedAtMs }, log)).rejects.toThrow();
      bench.faults.clear();
    }
    const final = async (recordingId: string) =>
      (await bench.store.read(partKey(recordingId, 1, 'final'), finalPartSchema))?.value;

    it('keeps every byte when the recorder overwrote the tail with its own S3 part', async () => {
      const part = await abandon(1, [[5 * MIB, 7 * MIB]]);
      await halfRescue(part);
      expect((await final(part.recordingId))?.bytes).toBe(7 * MIB);
      await upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB));
      await upload(part.open, 3, data.subarray(10 * MIB, 12 * MIB));
      expect(await rescuer().rescue({ ...part, endedAtMs }, log)).toMatchObject({ bytes: 12 * MIB });
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
      expect(await final(part.recordingId)).toMatchObject({ bytes: 12 * MIB, recovered: true });
    });

    it('takes what the recorder saved since, too', async () => {
      const part = await abandon(1, [[5 * MIB, 7 * MIB]]);
      await halfRescue(part);
      await save(part.recordingId, 7 * MIB, 8 * MIB);
      await rescuer().rescue({ ...part, endedAtMs }, log);
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 8 * MIB))).toBe(true);
    });

    it('leaves no hole where its tail came last, over an S3 part of the recorder', async () => {
      const part = await abandon(1, [[5 * MIB, 7 * MIB]]);
      await upload(part.open, 2, data.subarray(5 * MIB, 7 * MIB));
      await upload(part.open, 3, data.subarray(10 * MIB, 13 * MIB));
      await rescuer().rescue({ ...part, endedAtMs }, log);
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 7 * MIB))).toBe(true);
    });

    it('puts no byte twice where the recorder had uploaded the S3 part after the one that was saved', async () => {
      const part = await abandon(1, [[5 * MIB, 12 * MIB]]);
      await upload(part.open, 3, data.subarray(10 * MIB, 12 * MIB));
      await halfRescue(part);
      await upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB));
      await rescuer().rescue({ ...part, endedAtMs }, log);
      expect((await bench.object(part.open.key)).equals(data.subarray(0, 12 * MIB))).toBe(true);
    });

    it('lets the recorder go, whose list S3 does not know any more', async () => {
      const part = await abandon(1, []);
      const parts = [
        describePart(1, data.subarray(0, 5 * MIB)),
        describePart(2, data.subarray(5 * MIB, 10 * MIB)),
      ];
      const etags = [
        await upload(part.open, 1, data.subarray(0, 5 * MIB)),
        await upload(part.open, 2, data.subarray(5 * MIB, 10 * MIB)),
      ];
      await upload(part.open, 2, data.subarray(5 * MIB, 6 * MIB));
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

  it('leaves alone what somebody else completed', async () => {
    const part = await abandon(1, []);
    const etag = await upload(part.open, 1, data.subarray(0, MIB));
    await bench.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket: LANDING,
        Key: part.open.key,
        UploadId: part.open.uploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: etag }] },
      }),
    );
    expect(await rescuer().rescue({ ...part, endedAtMs }, log)).toBeUndefined();
    expect((await bench.object(part.open.key)).equals(data.subarray(0, MIB))).toBe(true);
  });

  it.each(['UploadPart', 'PutObject', 'CompleteMultipartUpload', 'ListParts', 'GetObject'])(
    'goes on after %s failed, or its answer was lost',
    async (operation) => {
      const part = await abandon(2, [[10 * MIB, 13 * MIB]]);
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
        await rescuer()
          .rescue({ ...part, endedAtMs }, log)
          .catch(() => undefined);
      }
      bench.faults.clear();
      expect((await bench.object(part.open.key)).equals(data)).toBe(true);
    },
  );
});
