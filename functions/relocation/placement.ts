import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { type Pieces, toBuffer } from '../core/media/pieces.ts';
import { collisionKey, libraryKey, type NameResult } from '../core/names/index.ts';
import { isRotated, partNameValues } from '../core/names/recordNames.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { incompleteReasons, type MeasuredMedia } from '../core/relocation/completeness.ts';
import { fragmentIndexKey } from '../core/state/keys.ts';
import type { MovedPart } from '../core/state/partObjects.ts';
import { S3_COPY_MAX_BYTES } from '../core/upload/s3Limits.ts';
import type { LandedRecord } from './landedRecord.ts';
import type { Library, ObjectAttributes } from './library.ts';
import { indexMp4, type RecordContent } from './mp4Index.ts';
import type { MultipartCopy, PlannedCopy } from './multipartCopy.ts';
import { Stems } from './stems.ts';

export interface PlacementLimits {
  /** Above it a copy is made of ranges: S3's 5 GB. */
  readonly copyMaxBytes: number;
  /** Of a range, and ranges at once. */
  readonly partBytes: number;
  readonly atOnce: number;
}

const DEFAULT_LIMITS: PlacementLimits = {
  copyMaxBytes: S3_COPY_MAX_BYTES,
  partBytes: 256 * 1024 * 1024,
  atOnce: 16,
};

/** An object with this content is the record: size and CRC32 in base64. */
interface Expected {
  readonly bytes: number;
  readonly crc32: string;
  readonly measured?: MeasuredMedia | undefined;
  readonly notIndexed?: string | undefined;
}

interface Wanted {
  readonly record: LandedRecord;
  readonly named: NameResult;
  /** What the library's object is to be; read only once, and only if it is needed. */
  readonly content: () => Promise<RecordContent>;
  readonly hasTime: () => boolean;
}

/** Puts a record into the library: under its name, or, where that is taken by something else, its one alternative. */
export class Placement {
  readonly #library: Library;
  readonly #multipart: MultipartCopy;
  readonly #store: StateStore;
  readonly #stems: Stems;
  readonly #clock: Clock;
  readonly #limits: PlacementLimits;

  constructor(
    library: Library,
    multipart: (library: Library, limits: PlacementLimits) => MultipartCopy,
    store: StateStore,
    clock: Clock,
    limits: Partial<PlacementLimits>,
  ) {
    this.#library = library;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#multipart = multipart(library, this.#limits);
    this.#store = store;
    this.#stems = new Stems(library, store);
    this.#clock = clock;
  }

  /** @returns where the record lives, verified. @throws OutOfTime, S3's faults */
  async place(record: LandedRecord, hasTime: () => boolean): Promise<MovedPart> {
    const { job, open, final } = record;
    const rules = job.settings.names;
    const named = libraryKey(partNameValues(job, open, final), rules, open.fileName, open.format);
    const place = { recordingId: job.recordingId, part: open.part, rotated: isRotated(job) };
    const names = [named.name, collisionKey(named.name, place, rules)];
    let read: Promise<RecordContent> | undefined;
    const content = (): Promise<RecordContent> => {
      read ??= record.needsIndex
        ? indexMp4(this.#library.s3, this.#store.bucket, record)
        : Promise.resolve({});
      return read;
    };
    let plan = await this.#plan(record);
    // A copy under way is under the name that was free.
    const underway = names.indexOf(plan?.value.key ?? '');
    const first = underway < 0 ? Number(await this.#stems.isSuffixed(record, named.name)) : underway;
    for (const key of names.slice(first)) {
      const expected = await this.#write(key, { record, named, content, hasTime }, plan);
      const object = await this.#library.head(key);
      if (object !== undefined && isRecord(object, record)) {
        return this.#movedPart(key, object, expected, record, named);
      }
      if (object === undefined)
        throw new Error(`the record is not in the library after it was copied: ${key}`);
      plan = await this.#plan(record);
    }
    throw new Error(`both names in the library are taken by other objects: ${names.join(', ')}`);
  }

  /** The copy under way. Of what one request does there is none. */
  async #plan(record: LandedRecord): Promise<PlannedCopy | undefined> {
    const oneRequest = !record.needsIndex && record.bytes <= this.#limits.copyMaxBytes;
    return oneRequest ? undefined : this.#multipart.plan(record);
  }

  /** Writes the record under this key unless it is taken. */
  async #write(key: string, wanted: Wanted, known: PlannedCopy | undefined): Promise<Expected> {
    const { record, hasTime } = wanted;
    if (known?.value.key === key && (await this.#multipart.run(known.value, record, hasTime))) {
      return known.value;
    }
    if (known?.value.key === key && (await this.#library.head(key)) !== undefined) return known.value;
    const content = await wanted.content();
    const { indexed } = content;
    if (indexed !== undefined) await this.#writeIndex(record, indexed.fragments);
    const expected: Expected = {
      bytes: indexed?.bytes ?? record.bytes,
      crc32: indexed?.crc32 ?? record.crc32,
      measured: indexed?.measured,
      notIndexed: content.notIndexed,
    };
    const attributes = this.#attributes(wanted, expected);
    if (indexed !== undefined && indexed.fromByte >= indexed.endByte) {
      await this.#library.put(key, indexed.firstBytes, indexed.crc32, attributes);
    } else if (indexed === undefined && record.bytes <= this.#limits.copyMaxBytes) {
      await this.#library.copy(key, this.#store.bucket, record, attributes);
    } else if ((await this.#library.head(key)) === undefined) {
      const plan = await this.#multipart.begin(key, record, attributes, content, known);
      if (plan === undefined || !(await this.#multipart.run(plan.value, record, hasTime))) return expected;
      return plan.value;
    }
    return expected;
  }

  /** What the recorder would have written at the part's end. */
  async #writeIndex({ job, open }: LandedRecord, fragments: Pieces): Promise<void> {
    await this.#store.overwriteBytes(fragmentIndexKey(job.recordingId, open.part), toBuffer(fragments));
  }

  #attributes({ record, named }: Wanted, { bytes, measured, notIndexed }: Expected): ObjectAttributes {
    const { final } = record;
    return this.#library.attributes(record, {
      named,
      complete: incompleteReasons(final, bytes, measured, notIndexed).length === 0,
      durationMs: measured?.durationMs ?? final.durationMs,
    });
  }

  #movedPart(
    key: string,
    object: HeadObjectCommandOutput,
    { bytes, crc32, measured, notIndexed }: Expected,
    { open, final }: LandedRecord,
    named: NameResult,
  ): MovedPart {
    if (object.ContentLength !== bytes || object.ChecksumCRC32 !== crc32) {
      throw new Error(`the copy in the library differs from the record: ${key}`);
    }
    return {
      part: open.part,
      bucket: this.#library.bucket,
      key,
      ...(object.VersionId === undefined ? {} : { versionId: object.VersionId }),
      etag: object.ETag ?? '',
      bytes,
      crc32,
      movedAtMs: this.#clock.nowMs(),
      ...(named.trimmed ? { wholeName: named.whole } : {}),
      ...(measured === undefined ? {} : { durationMs: measured.durationMs }),
      incomplete: [...incompleteReasons(final, bytes, measured, notIndexed)],
    };
  }
}

function isRecord(object: HeadObjectCommandOutput, { job, open }: LandedRecord): boolean {
  return object.Metadata?.['recording-id'] === job.recordingId && object.Metadata.part === String(open.part);
}
