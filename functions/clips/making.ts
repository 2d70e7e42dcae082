import type { Logger } from '@aws-lambda-powertools/logger';
import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { EventBus } from '../aws/eventBus.ts';
import { abortUpload, beginUpload } from '../aws/multipartUpload.ts';
import type { StateStore } from '../aws/stateStore.ts';
import {
  type Clip,
  type ClipReason,
  type ClipRecord,
  clipSchema,
  isSettled,
  REFUSED_MS,
} from '../core/clips/clip.ts';
import { joinId } from '../core/clips/clipId.ts';
import { clipMetadata, clipNames, isClip } from '../core/clips/clipName.ts';
import { clipKey, clipMarkerKey } from '../core/clips/keys.ts';
import { type ClipPiece, piecesOf, placedParts, startTimeOf } from '../core/clips/placedParts.ts';
import { CONTENT_TYPES } from '../core/media/contentTypes.ts';
import type { Clock } from '../core/protocol/ports.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { readRecording } from '../recordings/read.ts';
import { Library, type LibraryOptions } from '../relocation/library.ts';
import { announceClip } from './announcing.ts';
import { type AvailablePiece, type CutFile, cutFile, NotCuttable } from './cutting.ts';
import { readJournaledPart } from './journaledPart.ts';
import { abortNobodysUploads } from './nobodysUploads.ts';
import { needMoving, reasonOf, refusalOf } from './reasons.ts';
import { removeClip } from './removing.ts';
import { uploadFile } from './upload.ts';

export interface ClipMakingOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly library: LibraryOptions;
}

/** What became of a clip in one call: `waiting` for a part to be in the library. */
export type Made = 'settled' | 'waiting';

interface ClipPlace {
  readonly recordingId: string;
  readonly clipId: string;
}

/** A clip as it stands in state. */
interface Kept {
  readonly value: Clip;
  readonly etag: string;
}

/** What does not change while a clip is made. */
interface Wanted {
  readonly objects: RecordingObjects;
  readonly file: CutFile;
  /** Wall clock of its first frame. */
  readonly startTimeMs: number;
  /** The names that it may have, the first that is free. */
  readonly names: readonly string[];
  readonly hasTime: () => boolean;
  /** Ids of the uploads that were begun for this very file. */
  readonly begun: Set<string>;
}

/** Begin, write, find what was written; twice that where somebody else is first. */
const STEPS_MAX = 8;

/**
 * Makes clips, step by step; state says where each is, and every step is safe to repeat. Whoever comes next goes on with
 * the upload that the state names, and an object's own metadata say whose it is.
 */
export class ClipMaking {
  readonly #options: ClipMakingOptions;
  readonly #library: Library;

  constructor(options: ClipMakingOptions) {
    this.#options = options;
    this.#library = new Library(options.s3, options.library);
  }

  /** @throws OutOfTime the next call goes on; whatever should make the message come again */
  async make(place: ClipPlace, log: Logger, hasTime: () => boolean = () => true): Promise<Made> {
    const { store } = this.#options;
    log.appendKeys({ ...place });
    let wanted: Wanted | undefined;
    let rest: ClipPlace | undefined;
    for (let step = 0; step < STEPS_MAX; step++) {
      const kept = await store.read(clipKey(place.recordingId, place.clipId), clipSchema);
      const objects = wanted?.objects ?? (await readRecording(store, place.recordingId));
      if (kept === undefined || objects === undefined) {
        log.info('nothing to do: the clip was deleted');
        if (wanted !== undefined) await this.#forget(place, wanted.names);
        await store.remove(clipMarkerKey(place.recordingId, place.clipId));
        return 'settled';
      }
      log.appendKeys({ mediaSessionId: objects.job.mediaSessionId });
      if (isSettled(kept.value)) {
        await this.#announced(objects, kept.value, log);
        return rest === undefined ? 'settled' : this.make(rest, log, hasTime);
      }
      try {
        wanted ??= await this.#wanted(kept, objects, hasTime);
        if (wanted === undefined) return 'waiting';
        await this.#step(kept, wanted);
      } catch (error) {
        const reason = reasonOf(error) ?? (await this.#refusedForGood(kept, error));
        if (reason === undefined) throw error;
        const { kind } = kept.value;
        if (kind === 'join' && error instanceof NotCuttable && error.fromMs !== undefined)
          rest = await this.#split(kept, reason, error.fromMs);
        else await this.#giveUp(kept, reason, log);
      }
    }
    throw new Error('others work on the same clip; the message comes again');
  }

  /** Undefined while a part is not in the library, which the clip then says. */
  async #wanted(
    { value: clip, etag }: Kept,
    objects: RecordingObjects,
    hasTime: () => boolean,
  ): Promise<Wanted | undefined> {
    const { store } = this.#options;
    const pieces = piecesOf(placedParts(objects), clip);
    const available: AvailablePiece[] = [];
    for (const piece of pieces) available.push(...(await this.#availableOf(piece, clip, objects)));
    if (pieces.length === 0 && objects.outcome !== undefined)
      throw new NotCuttable('nothing_shown', 'Nothing of it was saved.');
    const [first] = pieces;
    if (first === undefined || available.length < pieces.length) {
      needMoving(pieces, this.#options.clock.nowMs());
      const key = clipKey(clip.recordingId, clip.clipId);
      const { refused, ...rest } = clip;
      if (clip.status !== 'waiting' || refused !== undefined)
        await store.replace(key, { ...rest, status: 'waiting' }, etag);
      return undefined;
    }
    const file = await cutFile(this.#options, clip.recordingId, available);
    const startTimeMs = startTimeOf(first.part, file.startMs);
    const names = clipNames(objects.job, first.part.open, clip, startTimeMs);
    return { objects, file, startTimeMs, names, hasTime, begun: new Set() };
  }

  /** Its record; of a clip of what is still recorded, what the journal has. None where that is to be waited for. */
  async #availableOf(
    piece: ClipPiece,
    { kind, recordingId }: Clip,
    { job, outcome }: RecordingObjects,
  ): Promise<AvailablePiece[]> {
    const { open, found, zeroMs } = piece.part;
    const { moved, final } = found;
    if (moved !== undefined) return [{ ...piece, source: moved }];
    if (kind !== 'clip' || final !== undefined || outcome !== undefined) return [];
    const { s3, store, clock } = this.#options;
    const windowMs = job.settings.liveWindowMs;
    const of = { s3, store, recordingId, open, windowMs, nowMs: () => clock.nowMs() };
    const journaled = await readJournaledPart(of, piece.cut);
    if (journaled === undefined) return [];
    const { fromMs, toMs } = piece.cut;
    return [
      {
        part: { ...piece.part, zeroMs: zeroMs + journaled.zeroMs },
        cut: { fromMs: fromMs - journaled.zeroMs, toMs: toMs - journaled.zeroMs },
        source: journaled,
        index: journaled.index,
      },
    ];
  }

  /** A join goes only as far as one file can: another one has what follows. @returns that one */
  async #split({ value: clip, etag }: Kept, reason: ClipReason, fromMs: number): Promise<ClipPlace> {
    const { store } = this.#options;
    const { recordingId } = clip;
    const rest: Clip = { ...clip, clipId: joinId(recordingId, fromMs), fromMs, status: 'processing' };
    await store.create(clipMarkerKey(recordingId, rest.clipId), { recordingId, clipId: rest.clipId });
    await store.create(clipKey(recordingId, rest.clipId), rest);
    await store.replace(clipKey(recordingId, clip.clipId), { ...clip, toMs: fromMs, reason }, etag);
    return rest;
  }

  /** One step on: what is then in state says which is the next. */
  async #step(kept: Kept, wanted: Wanted): Promise<void> {
    const { s3 } = this.#options;
    const { value: clip } = kept;
    const { upload } = clip;
    const key = upload?.key ?? wanted.names[0] ?? '';
    const object = await this.#library.head(key);
    if (object !== undefined && isClip(object.Metadata, clip))
      return this.#settle(kept, { status: 'available', record: this.#record(key, object, wanted) });
    if (object !== undefined) {
      if (upload !== undefined) await abortUpload(s3, upload);
      const next = wanted.names[wanted.names.indexOf(key) + 1];
      if (next === undefined)
        throw new NotCuttable('name_taken', `Other objects have its names: ${wanted.names.join(', ')}.`);
      return this.#begin(kept, wanted, next);
    }
    if (upload === undefined) return this.#begin(kept, wanted, key);
    const isMixed =
      (upload.journaled === true || wanted.file.isJournaled) && !wanted.begun.has(upload.uploadId);
    if (isMixed) {
      await abortUpload(s3, upload);
      return this.#begin(kept, wanted, key);
    }
    const whole = await uploadFile(s3, upload, wanted.file, wanted.hasTime);
    const written = await this.#library.head(key);
    // Somebody aborted it.
    if (written === undefined) return this.#begin(kept, wanted, key);
    if (whole !== undefined && isClip(written.Metadata, clip) && written.ChecksumCRC32 !== whole.crc32)
      throw new Error(`the clip in the library is not what was written: ${key}`);
  }

  /** Its upload is in state before anything is in the upload. */
  async #begin({ value: clip, etag }: Kept, wanted: Wanted, key: string): Promise<void> {
    const { s3, store, clock } = this.#options;
    const { bucket } = this.#library;
    await abortNobodysUploads(s3, bucket, key, clock.nowMs());
    const { job } = wanted.objects;
    const attributes = this.#library.attributesOf({
      metadata: clipMetadata(job, clip, wanted.file),
      contentType: CONTENT_TYPES.mp4,
      key,
      tags: job.settings.tags,
    });
    const begun = await beginUpload(s3, bucket, key, attributes);
    const own = clipKey(clip.recordingId, clip.clipId);
    const { isJournaled } = wanted.file;
    const upload = { ...begun, ...(isJournaled ? { journaled: true } : {}) };
    wanted.begun.add(begun.uploadId);
    const isNoted = await store.replace(own, { ...clip, status: 'processing', upload }, etag);
    if (!isNoted) await abortUpload(s3, begun);
  }

  /**
   * S3 refuses a record, or the clip's place. The clip says so at once, since somebody may mend it; where that lasts, it fails.
   * @returns why, when it has lasted; undefined while it is to be tried again
   */
  async #refusedForGood({ value: clip, etag }: Kept, error: unknown): Promise<ClipReason | undefined> {
    const { store, clock } = this.#options;
    const reason = refusalOf(error);
    if (reason === undefined) return undefined;
    const { refused } = clip;
    if (refused !== undefined) return clock.nowMs() - refused.sinceMs >= REFUSED_MS ? reason : undefined;
    const noted = { ...clip, refused: { ...reason, sinceMs: clock.nowMs() } };
    await store.replace(clipKey(clip.recordingId, clip.clipId), noted, etag);
    return undefined;
  }

  async #giveUp(kept: Kept, reason: ClipReason, log: Logger): Promise<void> {
    const { upload } = kept.value;
    try {
      if (upload !== undefined) await abortUpload(this.#options.s3, upload);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      log.warn('an upload stays open until the library ends it: S3 refuses that, too', {
        ...{ bucket: upload?.bucket, key: upload?.key, error: error as Error },
      });
    }
    await this.#settle(kept, { status: 'failed', reason });
  }

  async #settle({ value: clip, etag }: Kept, end: Pick<Clip, 'status' | 'record' | 'reason'>): Promise<void> {
    const { store } = this.#options;
    const { upload: _upload, refused: _refused, ...rest } = clip;
    const isNoted = await store.replace(clipKey(clip.recordingId, clip.clipId), { ...rest, ...end }, etag);
    if (isNoted || end.record === undefined) return;
    // Deleted meanwhile: what was written goes too. Where somebody else noted it, it is the same object.
    const now = await store.read(clipKey(clip.recordingId, clip.clipId), clipSchema);
    if (now === undefined) await this.#forget(clip, [end.record.key]);
  }

  /** What was written under its names while it was deleted. */
  async #forget(place: ClipPlace, names: readonly string[]): Promise<void> {
    for (const key of names) await removeClip(this.#options.s3, this.#library.bucket, key, place);
  }

  #record(key: string, object: HeadObjectCommandOutput, { file, startTimeMs }: Wanted): ClipRecord {
    return {
      bucket: this.#library.bucket,
      key,
      ...(object.VersionId === undefined ? {} : { versionId: object.VersionId }),
      etag: object.ETag ?? '',
      bytes: object.ContentLength ?? 0,
      crc32: object.ChecksumCRC32 ?? '',
      startTimeMs,
      durationMs: file.durationMs,
      tracks: file.tracks.map((track) => ({ ...track })),
      parts: [...file.parts],
      madeAtMs: this.#options.clock.nowMs(),
    };
  }

  /** The marker goes when everybody knows. */
  async #announced({ job }: RecordingObjects, clip: Clip, log: Logger): Promise<void> {
    const { store, bus } = this.#options;
    await announceClip(bus, job, clip);
    await store.remove(clipMarkerKey(clip.recordingId, clip.clipId));
    log.info('clip settled', { status: clip.status, key: clip.record?.key, reason: clip.reason });
  }
}
