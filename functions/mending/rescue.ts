import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { jobKey, partKey } from '../core/state/keys.ts';
import { jobSchema, type Progress } from '../core/state/objects.ts';
import {
  type FinalPart,
  finalPartSchema,
  type OpenPart,
  type UploadedPart,
} from '../core/state/partObjects.ts';
import { salvageOf } from '../core/upload/salvage.ts';
import { bytesOf, crc32OfParts } from '../core/upload/uploadedParts.ts';
import { AbandonedUpload } from './abandonedUpload.ts';
import { Journals } from './journals.ts';
import { type Saved, type SavedPiece, savedParts } from './savedBytes.ts';
import { Tails } from './tails.ts';

export interface RescueOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly clock: Clock;
}

/** A part whose recorder is gone. */
export interface AbandonedPart {
  readonly recordingId: string;
  readonly open: OpenPart;
  /** The id of the journal that its recorder wrote; undefined for one of version 0.1. */
  readonly journal?: string | undefined;
  /** The attempt's last heartbeat. */
  readonly progress?: Progress | undefined;
  /** When the task ended, as far as is known, in epoch milliseconds. */
  readonly endedAtMs: number;
  /** Its recorder may be there after all, and add to it. */
  readonly mayLive?: boolean | undefined;
}

/** How the journal is looked into. */
interface Looking {
  readonly journals: Journals;
  /** The first time, the second time, … */
  readonly look: number;
  readonly log: Logger;
}

/** A recorder that lives may change the upload meanwhile: then it is looked at again. */
const TRIES = 5;

/**
 * Completes what a recorder left behind. Idempotent; two at once, or one beside a recorder that still lives, do no
 * harm: `final.json` decides the content, and Complete is the fence. A rescuer uploads what is in the journal alone under
 * the numbers of the S3 parts that the recorder was filling, and a recorder that lives uploads those. So a `final.json`
 * that S3 can not fulfil any more, or that there is more than by now, is replaced by what there is: none of its bytes are
 * lost by that.
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

  /** For one rescue, or for several that go on side by side. */
  journals(isShared: boolean): Journals {
    return new Journals(this.#s3, this.#store, isShared);
  }

  /**
   * @returns the part as it was completed; undefined when somebody else completed it
   * @throws S3's faults, and when the upload changed all the time: try again
   */
  async rescue(
    part: AbandonedPart,
    log: Logger,
    journals: Journals = this.journals(false),
  ): Promise<FinalPart | undefined> {
    const final = await this.#rescue(part, log, journals);
    const { recordingId, open, journal } = part;
    const { attempt, file } = open;
    if (file !== undefined) journals.markComplete({ recordingId, attempt, file });
    // A recorder that wrote no journal left these.
    if (journal === undefined) await this.#tails(part).remove();
    return final;
  }

  async #rescue(part: AbandonedPart, log: Logger, journals: Journals): Promise<FinalPart | undefined> {
    const upload = new AbandonedUpload(this.#s3, this.#store.bucket, part.open);
    try {
      for (let look = 1; look <= TRIES; look++) {
        const listed = await upload.listParts();
        if (listed === undefined) return undefined;
        const final = await this.#step(part, upload, listed, { journals, look, log });
        if (final !== undefined) return final;
      }
      throw new Error(`the upload of ${part.open.key} changed all the time`);
    } catch (error) {
      // Whatever failed: if the upload is gone by now, somebody else was first.
      if ((await upload.listParts()) === undefined) return undefined;
      throw error;
    }
  }

  /** @returns undefined where the upload is to be looked at again */
  async #step(
    part: AbandonedPart,
    upload: AbandonedUpload,
    listed: readonly UploadedPart[],
    looking: Looking,
  ): Promise<FinalPart | undefined> {
    const { log } = looking;
    const saved = await this.#saved(part, listed, looking);
    const final = await this.#finalize(part, saved, listed, log);
    if (final === undefined) return undefined;
    if (final.bytes === 0) {
      log.warn('nothing of the part had been saved', { part: final.part });
      await upload.abort();
      return final;
    }
    let pieces = piecesOf(final, listed);
    if (pieces === undefined) {
      const uploaded = await Promise.all(
        saved.uploaded.map((one) => {
          const bytes = saved.missing.get(one.partNumber);
          return bytes === undefined ? one : upload.uploadPart(one, bytes);
        }),
      );
      // Whoever is dead adds nothing meanwhile; another rescuer may, and is met by Complete.
      pieces = part.mayLive === true ? undefined : piecesOf(final, [...uploaded, ...listed]);
    }
    if (pieces === undefined || !(await upload.complete(pieces))) return undefined;
    log.info('part rescued', { part: final.part, bytes: final.bytes });
    return final;
  }

  async #saved(part: AbandonedPart, listed: readonly UploadedPart[], looking: Looking): Promise<Saved> {
    const job = await this.#store.read(jobKey(part.recordingId), jobSchema);
    if (job === undefined) throw new Error('the recording was deleted meanwhile');
    const { partBytes } = job.value.settings;
    const fromBytes = bytesOf(salvageOf(listed, partBytes).prefix);
    return savedParts(listed, partBytes, await this.#pieces(part, fromBytes, looking));
  }

  async #pieces(
    part: AbandonedPart,
    fromBytes: number,
    { journals, look, log }: Looking,
  ): Promise<readonly SavedPiece[]> {
    const { recordingId, open, journal, mayLive: mayGrow = false } = part;
    const { attempt, file, openedAtMs } = open;
    if (journal === undefined || file === undefined) return this.#tails(part).pieces();
    const wanted = { journal, file: { recordingId, attempt, file }, fromBytes, openedAtMs, mayGrow };
    return journals.pieces(wanted, look, log);
  }

  #tails({ recordingId, open }: AbandonedPart): Tails {
    return new Tails(this.#s3, this.#store, recordingId, open.part);
  }

  /**
   * Writes `final.json` for what was saved, or takes the one that is there, if it can be fulfilled.
   * @returns undefined when somebody else wrote it meanwhile
   */
  async #finalize(
    part: AbandonedPart,
    saved: Saved,
    listed: readonly UploadedPart[],
    log: Logger,
  ): Promise<FinalPart | undefined> {
    const key = partKey(part.recordingId, part.open.part, 'final');
    const own = this.#finalOf(part, saved);
    // Mostly nobody was here before.
    if (await this.#store.create(key, own)) return own;
    const known = await this.#store.read(key, finalPartSchema);
    if (known === undefined) return undefined;
    const isThere = piecesOf(known.value, [...saved.uploaded, ...listed]) !== undefined;
    const hasAll = !known.value.recovered || bytesOf(known.value.uploaded) >= own.bytes;
    if (isThere && hasAll) return known.value;
    log.warn('the part is not what had been written down of it: it is told anew', {
      part: own.part,
      bytes: own.bytes,
      formerBytes: known.value.bytes,
    });
    return (await this.#store.replace(key, own, known.etag)) ? own : undefined;
  }

  #finalOf({ open, progress, endedAtMs }: AbandonedPart, { uploaded, facts }: Saved): FinalPart {
    // A heartbeat counts all parts of its attempt: it says nothing of a later one of them.
    const heartbeat = progress !== undefined && progress.part === 1 && open.part === 1 ? progress : undefined;
    const durationMs = facts?.durationMs ?? heartbeat?.durationMs ?? 0;
    const savedAtMs = facts?.atMs ?? heartbeat?.atMs ?? open.openedAtMs;
    return {
      part: open.part,
      attempt: open.attempt,
      key: open.key,
      uploadId: open.uploadId,
      format: open.format,
      uploaded: [...uploaded],
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
      // A sign of life that is older than what was saved says nothing of the end.
      ...(endedAtMs > savedAtMs ? { estimatedLossMs: endedAtMs - savedAtMs } : {}),
      finalizedAtMs: this.#clock.nowMs(),
    };
  }
}

/** The S3 parts that `final.json` lists, as S3 has them, the new first one if it is there; undefined where one is missing. */
function piecesOf(final: FinalPart, listed: readonly UploadedPart[]): UploadedPart[] | undefined {
  const found = (wanted: UploadedPart): UploadedPart | undefined =>
    listed.find(({ partNumber, crc32, bytes }) => {
      return partNumber === wanted.partNumber && crc32 === wanted.crc32 && bytes === wanted.bytes;
    });
  const pieces = final.uploaded.map((old, index) => {
    const newFirst = index === 0 && final.newFirst !== undefined ? found(final.newFirst) : undefined;
    return newFirst ?? found(old);
  });
  const there = pieces.filter((piece) => piece !== undefined);
  return there.length === pieces.length ? there : undefined;
}
