import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { type SizedSample, zeroOfLaterMs } from '../core/media/clip/sameSamples.ts';
import { type Cut, timedSamples, trackCuts } from '../core/media/clip/trackCut.ts';
import { readFragmentIndex } from '../core/media/fragmentIndex/reader.ts';
import { fragmentIndexKey, overlapKey, partKey } from '../core/state/keys.ts';
import {
  type MovedPart,
  movedPartSchema,
  type OpenPart,
  type Overlap,
  openPartSchema,
} from '../core/state/partObjects.ts';
import { readTables } from './recordTables.ts';

export interface OverlapOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
}

/** A part that is in the library. */
export interface PlacedRecord {
  readonly recordingId: string;
  readonly open: OpenPart;
  readonly moved: MovedPart;
}

/** Clocks of hosts differ by less, and servers keep less for whoever comes. */
const CLOCKS_DIFFER_MAX_MS = 15_000;
/** Of what both have, so much is looked at. */
const COMPARED_MS = 30_000;
/** Of the parts before the first one of an attempt, so many may be those that it takes over from. */
const EARLIER_MAX = 3;

/**
 * Notes where an attempt that took over begins in what the one before it recorded (`overlap.json`): so nothing that both
 * have is shown twice, and nothing is left out. Whichever of the two records comes into the library last finds it.
 */
export class Overlaps {
  readonly #options: OverlapOptions;

  constructor(options: OverlapOptions) {
    this.#options = options;
  }

  /** A fault is logged: the clocks tell as much, less exactly, and no record waits for it. */
  async note(record: PlacedRecord, log: Logger): Promise<void> {
    const { recordingId, open } = record;
    if (open.format !== 'mp4') return;
    try {
      for (const part of neighbours(open)) {
        const other = await this.#read(recordingId, part);
        if (other === undefined) continue;
        const [earlier, later] = open.attempt < other.open.attempt ? [record, other] : [other, record];
        const isFirst = later.open.attempt > earlier.open.attempt && later.open.file === 1;
        if (isFirst && (await this.#note(earlier, later, log))) return;
      }
    } catch (error) {
      log.warn('what two attempts both recorded is told by their clocks alone', error as Error);
    }
  }

  async #note(earlier: PlacedRecord, later: PlacedRecord, log: Logger): Promise<boolean> {
    const { recordingId, open } = later;
    const expectedMs = open.startTimeMs - earlier.open.startTimeMs;
    const [before, own] = await Promise.all([
      this.#pictures(earlier, {
        fromMs: expectedMs - CLOCKS_DIFFER_MAX_MS,
        toMs: expectedMs + CLOCKS_DIFFER_MAX_MS + COMPARED_MS,
      }),
      this.#pictures(later, { fromMs: Number.NEGATIVE_INFINITY, toMs: COMPARED_MS }),
    ]);
    const zeroMs = zeroOfLaterMs(before, own, expectedMs);
    if (zeroMs === undefined) return false;
    const overlap: Overlap = { part: open.part, earlier: earlier.open.part, zeroMs };
    await this.#options.store.create(overlapKey(recordingId, open.part), overlap);
    log.info('clocks of two attempts compared', { ...overlap, differMs: Math.round(zeroMs - expectedMs) });
    return true;
  }

  /** Of the track that players get. */
  async #pictures({ recordingId, open, moved }: PlacedRecord, cut: Cut): Promise<SizedSample[]> {
    const { s3, store } = this.#options;
    const bytes = await store.readBytes(fragmentIndexKey(recordingId, open.part));
    if (bytes === undefined) return [];
    const cuts = trackCuts(readFragmentIndex(bytes), cut).filter(
      (one) => one?.track.kind === 'video' && one.track.isWatched,
    );
    const { bucket, key, etag } = moved;
    const read = await readTables(
      s3,
      { bucket, key, etag },
      cuts.flatMap((one) => one ?? []),
    );
    return read.flatMap(({ cut: one, tables }) => [...timedSamples(one, tables)]);
  }

  async #read(recordingId: string, part: number): Promise<PlacedRecord | undefined> {
    const { store } = this.#options;
    const moved = await store.read(partKey(recordingId, part, 'moved'), movedPartSchema);
    // Mostly it is not there, or not yet.
    if (moved === undefined) return undefined;
    const open = await store.read(partKey(recordingId, part, 'open'), openPartSchema);
    if (open === undefined || open.value.format !== 'mp4') return undefined;
    return { recordingId, open: open.value, moved: moved.value };
  }
}

/** Parts that may have what this one has. */
function neighbours({ part, attempt, file }: OpenPart): number[] {
  if (attempt === 1 || file !== 1) return [part + 1];
  const before = Array.from({ length: EARLIER_MAX }, (_, place) => part - 1 - place);
  return [...before.filter((one) => one > 0), part + 1];
}
