import type { Logger } from '@aws-lambda-powertools/logger';
import { DeleteObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { EventBus } from '../aws/eventBus.ts';
import { OutOfTime } from '../aws/multipartUpload.ts';
import { isStatus, type StateStore } from '../aws/stateStore.ts';
import { EVENT_TYPES, eventId, MOVE_CONTINUES, type RecordAvailable } from '../core/events/published.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { type PartMark, parseRecordKey, partKey, partMarkKey } from '../core/state/keys.ts';
import { type MovedPart, movedPartSchema, type PlacedPictures } from '../core/state/partObjects.ts';
import { type LandedRecord, readLandedRecord } from './landedRecord.ts';
import { Library, type LibraryOptions } from './library.ts';
import { MultipartCopy } from './multipartCopy.ts';
import { Overlaps } from './overlaps.ts';
import { PicturePlacement } from './pictures.ts';
import { Placement, type PlacementLimits } from './placement.ts';
import { sha256Of } from './sha256.ts';

export interface RelocationOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly library: LibraryOptions;
  readonly limits?: Partial<PlacementLimits>;
}

/**
 * Moves one finished record from landing to the library: copy, verify, record (`moved.json`), publish, delete. Each
 * step is safe to repeat, so duplicated, late and unordered events end in the same one object.
 */
export class Relocation {
  readonly #options: RelocationOptions;
  readonly #placement: Placement;
  readonly #pictures: PicturePlacement;
  readonly #overlaps: Overlaps;

  constructor(options: RelocationOptions) {
    this.#options = options;
    const { s3, store, clock, limits = {} } = options;
    const library = new Library(s3, options.library);
    this.#pictures = new PicturePlacement(library, store);
    this.#overlaps = new Overlaps({ s3, store });
    this.#placement = new Placement(
      library,
      (of, { partBytes, atOnce }) => new MultipartCopy({ library: of, store, partBytes, atOnce }),
      store,
      clock,
      limits,
    );
  }

  /**
   * @param hasTime asked before each piece of a large copy; when it says no, a message to ourselves goes on with it
   * @throws whatever should make the message come again: S3's faults, a record whose `final.json` is missing
   */
  async relocate(key: string, log: Logger, hasTime: () => boolean = () => true): Promise<void> {
    const { s3, store, bus } = this.#options;
    const place = parseRecordKey(key);
    if (place === undefined) {
      log.warn('left alone: no recorder writes such a key', { key });
      return;
    }
    log.appendKeys({ recordingId: place.recordingId });
    const record = await readLandedRecord(s3, store, key, place, log);
    if (record === undefined) return;
    log.appendKeys({ mediaSessionId: record.job.mediaSessionId, part: record.open.part });
    try {
      const moved = await this.#moved(record, hasTime, log);
      // Of two that come at the same time, one at least sees the other.
      await this.#noteOverlap(record, moved, log);
      await this.#publish(record, moved);
      await this.#deleteSource(record);
      log.info('record available', {
        bucket: moved.bucket,
        key: moved.key,
        bytes: moved.bytes,
        incomplete: moved.incomplete,
      });
    } catch (error) {
      if (error instanceof OutOfTime) {
        log.info('the copy goes on in another call', { key });
        const { recordingId, mediaSessionId, stream } = record.job;
        const id = eventId(MOVE_CONTINUES, recordingId, record.open.part);
        await bus.publish(MOVE_CONTINUES, { id, recordingId, mediaSessionId, streamName: stream.name, key });
      } else if (isSourceGone(error) && (await this.#readMoved(record)) !== undefined) {
        log.info('nothing to do: another delivery of the event moved the record meanwhile', { key });
      } else throw error;
    }
  }

  async #moved(record: LandedRecord, hasTime: () => boolean, log: Logger): Promise<MovedPart> {
    const known = await this.#readMoved(record);
    if (known !== undefined) return known;
    const placed = await this.#placement.place(record, hasTime);
    const hashed = await this.#hashed(record, placed, hasTime, log);
    const moved = await this.#pictures.place(record, hashed, log);
    // Before anybody makes a list or a clip of it.
    if (record.open.attempt > 1) await this.#noteOverlap(record, moved, log);
    await this.#mark(record, moved);
    if (await this.#options.store.create(movedKey(record), moved)) return moved;
    // Another delivery of the event was first; both found the same object, since names are deterministic.
    return (await this.#readMoved(record)) ?? moved;
  }

  /** For lists: what is in the library is marked by then. */
  async #mark({ job, open, final }: LandedRecord, { incomplete = [] }: MovedPart): Promise<void> {
    const { store } = this.#options;
    const mark = (which: PartMark) => store.create(partMarkKey(job.recordingId, open.part, which), {});
    if (incomplete.length > 0) await mark('incomplete');
    if (final.recovered) await mark('recovered');
  }

  /** With its SHA-256, where that is wanted; a record never waits, or is moved again, for want of it. */
  async #hashed(
    { job }: LandedRecord,
    placed: MovedPart,
    hasTime: () => boolean,
    log: Logger,
  ): Promise<MovedPart> {
    if (!job.settings.sha256) return placed;
    const sha256 = await sha256Of(this.#options.s3, placed, hasTime);
    if (sha256 !== undefined) return { ...placed, sha256 };
    log.warn('no SHA-256: the record is too large to be read again', {
      key: placed.key,
      bytes: placed.bytes,
    });
    return placed;
  }

  async #noteOverlap({ job, open }: LandedRecord, moved: MovedPart, log: Logger): Promise<void> {
    await this.#overlaps.note({ recordingId: job.recordingId, open, moved }, log);
  }

  async #readMoved(record: LandedRecord): Promise<MovedPart | undefined> {
    return (await this.#options.store.read(movedKey(record), movedPartSchema))?.value;
  }

  async #publish({ job, open, final }: LandedRecord, moved: MovedPart): Promise<void> {
    const durationMs = Math.round(moved.durationMs ?? final.durationMs);
    const incomplete = moved.incomplete ?? [];
    const detail: RecordAvailable = {
      id: eventId(EVENT_TYPES.recordAvailable, job.recordingId, open.part),
      recordingId: job.recordingId,
      mediaSessionId: job.mediaSessionId,
      streamName: job.stream.name,
      part: open.part,
      bucket: moved.bucket,
      key: moved.key,
      ...(moved.versionId === undefined ? {} : { versionId: moved.versionId }),
      bytes: moved.bytes,
      ...(moved.crc32 === undefined ? {} : { crc32: moved.crc32 }),
      ...(moved.sha256 === undefined ? {} : { sha256: moved.sha256 }),
      durationMs,
      startTime: new Date(final.startTimeMs).toISOString(),
      endTime: new Date(final.startTimeMs + durationMs).toISOString(),
      format: open.format,
      tracks: final.tracks,
      codecs: final.tracks.map(({ codec }) => codec),
      recovered: final.recovered,
      complete: incomplete.length === 0,
      incomplete,
      nameTrimmed: moved.wholeName !== undefined,
      ...(moved.wholeName === undefined ? {} : { wholeName: moved.wholeName }),
      ...(moved.pictures === undefined ? {} : { pictures: pictureKeysOf(moved.pictures) }),
    };
    await this.#options.bus.publish(EVENT_TYPES.recordAvailable, { ...detail });
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
}

function pictureKeysOf({ poster, storyboard }: PlacedPictures): NonNullable<RecordAvailable['pictures']> {
  return {
    ...(poster === undefined ? {} : { poster: poster.key }),
    ...(storyboard?.list === undefined ? {} : { storyboard: storyboard.list.key }),
    ...(storyboard === undefined ? {} : { sprite: storyboard.sprite.key }),
  };
}

const movedKey = ({ job, open }: LandedRecord): string => partKey(job.recordingId, open.part, 'moved');

function isSourceGone(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || isStatus(error, 412));
}
