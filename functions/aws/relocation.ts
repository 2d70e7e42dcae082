import type { Logger } from '@aws-lambda-powertools/logger';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { EVENT_TYPES, eventId } from '../core/events.ts';
import { jobKey, parseRecordKey, partKey, type RecordKey } from '../core/keys.ts';
import { CONTENT_TYPES } from '../core/media/contentTypes.ts';
import { recordMetadata } from '../core/metadata.ts';
import { collisionKey, libraryKey } from '../core/names/index.ts';
import type { Clock } from '../core/ports.ts';
import { partNameValues } from '../core/recordNames.ts';
import {
  type FinalPart,
  finalPartSchema,
  type Job,
  jobSchema,
  type MovedPart,
  movedPartSchema,
  type OpenPart,
  openPartSchema,
} from '../core/state/objects.ts';
import type { EventBus } from './eventBus.ts';
import { isStatus, type StateStore } from './stateStore.ts';

export interface RelocationOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly libraryBucket: string;
  readonly clock: Clock;
}

/** A record in landing, with all that is known of it. */
interface LandedRecord {
  readonly key: string;
  readonly etag: string;
  readonly job: Job;
  readonly open: OpenPart;
  readonly final: FinalPart;
}

/**
 * Moves one finished record from landing to the library: copy, verify, record (`moved.json`), publish, delete. Each
 * step is safe to repeat, so duplicated, late and unordered events end in the same one object.
 */
export class Relocation {
  readonly #options: RelocationOptions;

  constructor(options: RelocationOptions) {
    this.#options = options;
  }

  /** @throws whatever should make the message come again: S3's faults, a record whose `final.json` is missing. */
  async relocate(key: string, log: Logger): Promise<void> {
    const { store } = this.#options;
    const place = parseRecordKey(key);
    if (place === undefined) {
      log.warn('left alone: no recorder writes such a key', { key });
      return;
    }
    log.appendKeys({ recordingId: place.recordingId });
    const record = await this.#landedRecord(key, place, log);
    if (record === undefined) return;
    const { recordingId, mediaSessionId } = record.job;
    log.appendKeys({ mediaSessionId, part: record.open.part });

    const movedKey = partKey(recordingId, record.open.part, 'moved');
    let moved = (await store.read(movedKey, movedPartSchema))?.value;
    if (moved === undefined) {
      moved = await this.#copy(record);
      if (!(await store.create(movedKey, moved))) {
        // Another delivery of the event was first; both copied to the same key, since names are deterministic.
        moved = (await store.read(movedKey, movedPartSchema))?.value ?? moved;
      }
    }
    await this.#publish(record, moved);
    await this.#deleteSource(record);
    log.info('record available', { bucket: moved.bucket, key: moved.key, bytes: moved.bytes });
  }

  /** Reads what the recorder knows of the object; undefined when there is nothing to move. */
  async #landedRecord(key: string, place: RecordKey, log: Logger): Promise<LandedRecord | undefined> {
    const { store } = this.#options;
    const head = await this.#head(store.bucket, key);
    if (head === undefined) {
      log.info('nothing to do: the object is gone, it was moved before', { key });
      return undefined;
    }
    const part = Number(head.Metadata?.part);
    const [job, open, final] = Number.isInteger(part)
      ? await Promise.all([
          store.read(jobKey(place.recordingId), jobSchema),
          store.read(partKey(place.recordingId, part, 'open'), openPartSchema),
          store.read(partKey(place.recordingId, part, 'final'), finalPartSchema),
        ])
      : [];
    if (job === undefined || open?.value.key !== key) {
      log.warn('left alone: no recorder wrote this object', { key });
      return undefined;
    }
    if (final === undefined) throw new Error(`${key} is complete but has no final.json`);
    if (head.ContentLength !== final.value.bytes) {
      throw new Error(`${key} has ${head.ContentLength} bytes, final.json says ${final.value.bytes}`);
    }
    return { key, etag: head.ETag ?? '', job: job.value, open: open.value, final: final.value };
  }

  /** Copies under the library's name; where that is taken by something else, under its one alternative. */
  async #copy(record: LandedRecord): Promise<MovedPart> {
    const { job, open, final } = record;
    const rules = job.settings.names;
    const named = libraryKey(partNameValues(job, open, final), rules, open.fileName, open.format);
    const wanted = [named.name, collisionKey(named.name, job.recordingId, open.part, rules)];
    for (const key of wanted) {
      await this.#copyTo(key, record);
      const copy = await this.#head(this.#options.libraryBucket, key);
      if (copy === undefined || !isCopyOf(copy, record)) continue;
      if (copy.ContentLength !== final.bytes || copy.ChecksumCRC32 !== final.crc32) {
        throw new Error(`the copy in the library differs from the record: ${key}`);
      }
      return {
        part: open.part,
        bucket: this.#options.libraryBucket,
        key,
        ...(copy.VersionId === undefined ? {} : { versionId: copy.VersionId }),
        etag: copy.ETag ?? '',
        bytes: final.bytes,
        crc32: final.crc32,
        movedAtMs: this.#options.clock.nowMs(),
        ...(named.trimmed ? { wholeName: named.whole } : {}),
      };
    }
    throw new Error(`both names in the library are taken by other objects: ${wanted.join(', ')}`);
  }

  /** Overwrites nothing: a taken name is left as it is, and the caller looks whose it is. */
  async #copyTo(key: string, record: LandedRecord): Promise<void> {
    const { s3, store, libraryBucket } = this.#options;
    const { job, open, final } = record;
    try {
      await s3.send(
        new CopyObjectCommand({
          Bucket: libraryBucket,
          Key: key,
          CopySource: encodeURIComponent(`${store.bucket}/${record.key}`),
          CopySourceIfMatch: record.etag,
          IfNoneMatch: '*',
          ChecksumAlgorithm: 'CRC32',
          MetadataDirective: 'REPLACE',
          Metadata: recordMetadata(job, open, final),
          ContentType: CONTENT_TYPES[open.format],
          TaggingDirective: 'REPLACE',
          Tagging: new URLSearchParams(job.settings.tags).toString(),
        }),
      );
    } catch (error) {
      // 412: the name is taken, by a copy of ours or by something else. Every other answer is a fault.
      if (!isStatus(error, 412)) throw error;
    }
  }

  async #publish({ job, open, final }: LandedRecord, moved: MovedPart): Promise<void> {
    await this.#options.bus.publish(EVENT_TYPES.recordAvailable, {
      id: eventId(EVENT_TYPES.recordAvailable, job.recordingId, open.part),
      recordingId: job.recordingId,
      mediaSessionId: job.mediaSessionId,
      streamName: job.stream.name,
      part: open.part,
      bucket: moved.bucket,
      key: moved.key,
      versionId: moved.versionId,
      bytes: moved.bytes,
      crc32: moved.crc32,
      durationMs: final.durationMs,
      startTime: new Date(final.startTimeMs).toISOString(),
      endTime: new Date(final.endTimeMs).toISOString(),
      tracks: final.tracks,
      recovered: final.recovered,
      wholeName: moved.wholeName,
    });
  }

  /** Only the very object that was copied. Gone already counts as deleted. */
  async #deleteSource({ key, etag }: LandedRecord): Promise<void> {
    const { s3, store } = this.#options;
    try {
      await s3.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: key, IfMatch: etag }));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }

  async #head(bucket: string, key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#options.s3.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      );
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }
}

function isCopyOf(copy: HeadObjectCommandOutput, { job, open }: LandedRecord): boolean {
  return copy.Metadata?.['recording-id'] === job.recordingId && copy.Metadata?.part === String(open.part);
}
