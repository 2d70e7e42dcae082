import type { Logger } from '@aws-lambda-powertools/logger';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type StateStore, uploadIsGone } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { partKey, tailsPrefix } from '../core/state/keys.ts';
import {
  type FinalPart,
  finalPartSchema,
  type OpenPart,
  type Progress,
  type UploadedPart,
} from '../core/state/objects.ts';
import { continueWithTails, decodeTailFacts, type TailFacts } from '../core/upload/tails.ts';
import { bytesOf, crc32OfParts, describePart } from '../core/upload/uploadedParts.ts';

export interface RescueOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly clock: Clock;
}

/** A part whose recorder is gone. */
export interface AbandonedPart {
  readonly recordingId: string;
  readonly open: OpenPart;
  readonly final?: FinalPart | undefined;
  /** The attempt's last heartbeat. */
  readonly progress?: Progress | undefined;
  /** When the task ended, as far as is known, in epoch milliseconds. */
  readonly endedAtMs: number;
}

/** What was saved of a part: S3 parts without a gap, then tails. */
interface Saved {
  readonly prefix: readonly UploadedPart[];
  readonly tail: Buffer;
  readonly facts: TailFacts | undefined;
}

/**
 * Completes what a recorder left behind. Idempotent; two at once, or one beside a recorder that still lives, do no
 * harm: the first `final.json` decides the content, and Complete is the fence.
 */
export class Rescue {
  readonly #s3: S3Client;
  readonly #store: StateStore;
  readonly #clock: Clock;

  constructor({ s3, store, clock }: RescueOptions) {
    this.#s3 = s3;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * @returns the part as it was completed; undefined when somebody else completed it
   * @throws S3's faults, and when what `final.json` lists is not there: try again
   */
  async rescue(part: AbandonedPart, log: Logger): Promise<FinalPart | undefined> {
    const listed = await this.#listParts(part.open);
    if (listed === undefined) {
      await this.#removeTails(part);
      return undefined;
    }
    try {
      return await this.#finish(part, listed, log);
    } catch (error) {
      // Whatever failed: if the upload is gone by now, somebody else was first.
      if ((await this.#listParts(part.open)) === undefined) return undefined;
      throw error;
    }
  }

  async #finish(
    part: AbandonedPart,
    listed: readonly UploadedPart[],
    log: Logger,
  ): Promise<FinalPart | undefined> {
    const saved = await this.#saved(part, listed);
    const final = part.final ?? (await this.#finalize(part, saved));
    if (final.bytes === 0) {
      log.warn('nothing of the part had been saved', { part: final.part });
      await this.#abort(part.open);
      return final;
    }
    const pieces = await this.#pieces(part, final, saved, listed);
    await this.#complete(part.open, pieces);
    await this.#removeTails(part);
    log.info('part rescued', { part: final.part, bytes: final.bytes });
    return final;
  }

  /** Undefined when the upload was completed or aborted. */
  async #listParts({ key, uploadId }: OpenPart): Promise<UploadedPart[] | undefined> {
    const found: UploadedPart[] = [];
    let marker: string | undefined;
    try {
      do {
        const page = await this.#s3.send(
          new ListPartsCommand({
            Bucket: this.#store.bucket,
            Key: key,
            UploadId: uploadId,
            PartNumberMarker: marker,
          }),
        );
        for (const { PartNumber = 0, Size = 0, ETag = '', ChecksumCRC32 = '' } of page.Parts ?? []) {
          found.push({ partNumber: PartNumber, bytes: Size, etag: ETag, crc32: ChecksumCRC32 });
        }
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
    } catch (error) {
      if (uploadIsGone(error)) return undefined;
      throw error;
    }
    return found;
  }

  async #saved({ recordingId, open }: AbandonedPart, listed: readonly UploadedPart[]): Promise<Saved> {
    const gap = listed.findIndex(({ partNumber }, index) => partNumber !== index + 1);
    const prefix = gap === -1 ? listed : listed.slice(0, gap);
    const keys = await this.#store.list(tailsPrefix(recordingId, open.part));
    const buffers: Buffer[] = [];
    let facts: TailFacts | undefined;
    for (const { key, skipBytes } of continueWithTails(bytesOf(prefix), keys)) {
      const answer = await this.#s3.send(new GetObjectCommand({ Bucket: this.#store.bucket, Key: key }));
      const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
      buffers.push(Buffer.from(bytes.subarray(skipBytes)));
      facts = decodeTailFacts(answer.Metadata ?? {}) ?? facts;
    }
    return { prefix, tail: Buffer.concat(buffers), facts };
  }

  /** Writes `final.json` for what was saved, or takes the one that somebody else wrote first. */
  async #finalize(part: AbandonedPart, saved: Saved): Promise<FinalPart> {
    const { recordingId, open, progress, endedAtMs } = part;
    const { prefix, tail, facts } = saved;
    const uploaded = [...prefix, ...(tail.length === 0 ? [] : [describePart(prefix.length + 1, tail)])];
    // A heartbeat counts all parts of its attempt: it says nothing of a later one of them.
    const heartbeat = progress !== undefined && progress.part === 1 && open.part === 1 ? progress : undefined;
    const durationMs = facts?.durationMs ?? heartbeat?.durationMs ?? 0;
    const savedAtMs = facts?.atMs ?? heartbeat?.atMs ?? open.openedAtMs;
    const final: FinalPart = {
      part: open.part,
      attempt: open.attempt,
      key: open.key,
      uploadId: open.uploadId,
      format: open.format,
      uploaded,
      bytes: bytesOf(uploaded),
      crc32: crc32OfParts(uploaded),
      durationMs,
      startTimeMs: open.startTimeMs,
      endTimeMs: open.startTimeMs + Math.round(durationMs),
      startTimeMillis: open.openedAtMs,
      endTimeMillis: savedAtMs,
      tracks: open.tracks,
      videoFrames: facts?.videoFrames ?? 0,
      recovered: true,
      estimatedLossMs: Math.max(0, endedAtMs - savedAtMs),
      finalizedAtMs: this.#clock.nowMs(),
    };
    const key = partKey(recordingId, open.part, 'final');
    if (await this.#store.create(key, final)) return final;
    return (await this.#store.read(key, finalPartSchema))?.value ?? final;
  }

  /** The S3 parts that `final.json` lists, as S3 has them; the tail goes up where it is not there yet. */
  async #pieces(
    { open }: AbandonedPart,
    final: FinalPart,
    { tail }: Saved,
    listed: readonly UploadedPart[],
  ): Promise<UploadedPart[]> {
    const has = (wanted: UploadedPart): UploadedPart | undefined =>
      listed.find(({ partNumber, crc32, bytes }) => {
        return partNumber === wanted.partNumber && crc32 === wanted.crc32 && bytes === wanted.bytes;
      });
    const pieces: UploadedPart[] = [];
    for (const [index, old] of final.uploaded.entries()) {
      const newFirst = index === 0 && final.newFirst !== undefined ? has(final.newFirst) : undefined;
      const found = newFirst ?? has(old) ?? (await this.#uploadTail(open, old, tail));
      if (found === undefined) throw new Error(`S3 part ${old.partNumber} of ${open.key} is not there`);
      pieces.push(found);
    }
    return pieces;
  }

  async #uploadTail(open: OpenPart, wanted: UploadedPart, tail: Buffer): Promise<UploadedPart | undefined> {
    const own = describePart(wanted.partNumber, tail);
    if (own.crc32 !== wanted.crc32 || own.bytes !== wanted.bytes) return undefined;
    const answer = await this.#s3.send(
      new UploadPartCommand({
        Bucket: this.#store.bucket,
        Key: open.key,
        UploadId: open.uploadId,
        PartNumber: own.partNumber,
        Body: tail,
        ChecksumCRC32: own.crc32,
      }),
    );
    return { ...own, etag: answer.ETag ?? '' };
  }

  async #complete({ key, uploadId }: OpenPart, pieces: readonly UploadedPart[]): Promise<void> {
    await this.#s3.send(
      new CompleteMultipartUploadCommand({
        Bucket: this.#store.bucket,
        Key: key,
        UploadId: uploadId,
        ChecksumCRC32: crc32OfParts(pieces),
        ChecksumType: 'FULL_OBJECT',
        MpuObjectSize: bytesOf(pieces),
        MultipartUpload: {
          Parts: pieces.map(({ partNumber, etag, crc32 }) => ({
            PartNumber: partNumber,
            ETag: etag,
            ChecksumCRC32: crc32,
          })),
        },
      }),
    );
  }

  async #abort({ key, uploadId }: OpenPart): Promise<void> {
    try {
      await this.#s3.send(
        new AbortMultipartUploadCommand({ Bucket: this.#store.bucket, Key: key, UploadId: uploadId }),
      );
    } catch (error) {
      if (!uploadIsGone(error)) throw error;
    }
  }

  async #removeTails({ recordingId, open }: AbandonedPart): Promise<void> {
    for (const key of await this.#store.list(tailsPrefix(recordingId, open.part))) {
      await this.#s3.send(new DeleteObjectCommand({ Bucket: this.#store.bucket, Key: key }));
    }
  }
}
