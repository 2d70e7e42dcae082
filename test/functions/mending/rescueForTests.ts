import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { partKey, tailsPrefix } from '../../../functions/core/state/keys.ts';
import type { FinalPart, OpenPart } from '../../../functions/core/state/partObjects.ts';
import { type AbandonedPart, Rescue } from '../../../functions/mending/rescue.ts';
import { benchForTests } from '../../support/forTests.ts';
import { JournalForTests } from '../../support/journal.ts';

export const MIB = 1024 * 1024;
export const LANDING = 'landing';

/** A recorder of version 0.1 saved tails; it may go on through an upgrade. */
export const SAVERS = ['journal', 'tails'] as const;

const log = new Logger({ logLevel: 'SILENT' });

export interface Meanwhile {
  /** The rescuer's command. */
  readonly before: 'UploadPartCommand' | 'CompleteMultipartUploadCommand';
  readonly happens: () => Promise<unknown>;
}

/** Parts whose recorder is gone, and who rescues them. */
export class RescueForTests {
  readonly bench = benchForTests();
  /** Of all parts. */
  readonly data = randomBytes(13 * MIB);
  readonly #saver: (typeof SAVERS)[number];

  constructor(saver: (typeof SAVERS)[number]) {
    this.#saver = saver;
  }

  /** Another rescuer at each call. @param meanwhile what somebody else does, once */
  rescue(part: AbandonedPart, meanwhile?: Meanwhile): Promise<FinalPart | undefined> {
    const s3 = this.bench.rescuer('taskStopped');
    let left = meanwhile;
    s3.middlewareStack.add((next, { commandName }) => async (args) => {
      const happening = commandName === left?.before ? left : undefined;
      if (happening !== undefined) left = undefined;
      await happening?.happens();
      return next(args);
    });
    const rescuer = new Rescue({
      s3,
      store: new StateStore(s3, LANDING),
      clock: { nowMs: () => 9_000 },
    });
    return rescuer.rescue(part, log);
  }

  #journalOf(recordingId: string): JournalForTests {
    return new JournalForTests(this.bench.s3, LANDING, `host/worker-of-${recordingId}`);
  }

  /** What a killed recorder leaves: so many S3 parts of 5 MiB, and these ranges, saved. */
  async abandon(
    s3Parts: number,
    saved: readonly (readonly [from: number, to: number])[],
  ): Promise<AbandonedPart> {
    const recordingId = await this.bench.createJob('rtmp://host/live/key', { partBytes: 5 * MIB });
    const key = `records/${recordingId}/1/cam.mp4`;
    const created = await this.bench.s3.send(
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
      ...(this.#saver === 'tails' ? {} : { file: 1 }),
      key,
      uploadId: created.UploadId ?? '',
      fileName: 'cam.mp4',
      format: 'mp4',
      openedAtMs: 1_000,
      startTimeMs: 900,
      tracks: [{ kind: 'video', codec: 'h264' }],
    };
    await this.bench.store.create(partKey(recordingId, 1, 'open'), open);
    for (let i = 0; i < s3Parts; i++)
      await this.upload(open, i + 1, this.data.subarray(i * 5 * MIB, (i + 1) * 5 * MIB));
    for (const [from, to] of saved) await this.save(recordingId, from, to);
    const journal = this.#saver === 'tails' ? undefined : this.#journalOf(recordingId).id;
    return { recordingId, open, journal, endedAtMs: 6_500 };
  }

  async save(recordingId: string, from: number, to: number): Promise<void> {
    const facts = { durationMs: Math.round(to / 1000), videoFrames: (to / 1_000_00) | 0, atMs: 5_000 };
    const bytes = this.data.subarray(from, to);
    if (this.#saver === 'journal') {
      const file = { attempt: 1, file: 1, offset: from, ...facts };
      // Those of others lie around them.
      const others = [0, 1].map((i) => ({ ...file, recordingId: `other${i}`, bytes: randomBytes(1_000) }));
      const own = { ...file, recordingId, bytes };
      await this.#journalOf(recordingId).write([others[0], own, others[1]].flatMap((entry) => entry ?? []));
      return;
    }
    const Metadata = {
      'duration-ms': String(facts.durationMs),
      'video-frames': String(facts.videoFrames),
      'at-ms': String(facts.atMs),
    };
    const Key = `${tailsPrefix(recordingId, 1)}${from}-${to - from}`;
    await this.bench.s3.send(new PutObjectCommand({ Bucket: LANDING, Key, Body: bytes, Metadata }));
  }

  async upload(open: OpenPart, partNumber: number, body: Buffer): Promise<string> {
    const answer = await this.bench.s3.send(
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

  async tailsLeft(recordingId: string): Promise<number> {
    const list = new ListObjectsV2Command({ Bucket: LANDING, Prefix: `state/tails/${recordingId}/` });
    return (await this.bench.s3.send(list)).KeyCount ?? 0;
  }
}
