import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import type { ClipReason } from '../core/clips/clip.ts';
import type { ClipPiece, PlacedPart } from '../core/clips/placedParts.ts';
import type { SourceRange } from '../core/clips/uploadPlan.ts';
import { type Choice, choose, type ReadCut } from '../core/media/clip/choice.ts';
import { ClipFile } from '../core/media/clip/clipFile.ts';
import { mendedBeginning } from '../core/media/clip/mendedBeginning.ts';
import { trackCuts } from '../core/media/clip/trackCut.ts';
import { readFragmentIndex } from '../core/media/fragmentIndex/reader.ts';
import type { FragmentIndex } from '../core/media/fragmentIndex/types.ts';
import type { InitSegment } from '../core/media/mp4/initSegment.ts';
import { areAlike } from '../core/media/mp4/sameSetup.ts';
import type { TrackInfo } from '../core/media/types.ts';
import { initOf } from '../core/playback/watchedInit.ts';
import { fragmentIndexKey } from '../core/state/keys.ts';
import { S3_PART_MIN_BYTES } from '../core/upload/s3Limits.ts';
import { canCopy, type MediaSource, readRange, readTables } from '../relocation/recordTables.ts';
import type { FileContent } from './upload.ts';

/** What a clip is to be. */
export interface CutFile extends FileContent {
  readonly durationMs: number;
  /** On the recording's time line. */
  readonly startMs: number;
  readonly tracks: readonly TrackInfo[];
  readonly parts: readonly number[];
  /** Some of its bytes are no record's yet. */
  readonly isJournaled: boolean;
}

/** A piece whose bytes can be had. */
export type AvailablePiece = ClipPiece & {
  readonly source: MediaSource;
  /** Where it is not in the state. */
  readonly index?: FragmentIndex;
};

/** It cannot be cut from these parts. */
export class NotCuttable extends Error {
  override readonly name = 'NotCuttable';
  readonly reason: ClipReason;

  /** From where on it is so, on the recording's time line. */
  readonly fromMs: number | undefined;

  constructor(code: ClipReason['code'], message: string, fromMs?: number) {
    super(message);
    this.reason = { code, message };
    this.fromMs = fromMs;
  }
}

/** Of pieces: a join of a day by the minute has 1,440, and each takes requests that follow each other. */
const READS_AT_ONCE = 16;

/**
 * Makes one file of the pieces, without reading their media.
 * @throws NotCuttable; MediaError a record that is not what its index says; S3's faults
 */
export async function cutFile(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  recordingId: string,
  pieces: readonly AvailablePiece[],
): Promise<CutFile> {
  const ranges: SourceRange<MediaSource>[] = [];
  const parts: number[] = [];
  let isJournaled: boolean = false;
  let file: { readonly clip: ClipFile; readonly init: InitSegment; readonly startMs: number } | undefined;
  for await (const { piece, found } of readAhead({ s3, store }, recordingId, pieces)) {
    const { part, cut, source } = piece;
    const { init, tables } = settledValue(found);
    if (file !== undefined) needSame(file.init, init, part);
    const choice = choose(settledValue(tables), cut, piece === pieces.at(-1));
    if (choice === undefined) continue;
    file ??= { clip: new ClipFile(init), init, startMs: part.zeroMs + choice.startMs };
    const { fromByte, endByte } = choice;
    const begun = ranges.length === 0 ? await beginning(s3, piece, init, choice) : undefined;
    const { tracks } = begun ?? choice;
    file.clip.add({ zeroMs: part.zeroMs - file.startMs, fromByte, endByte, tracks });
    ranges.push(...(begun?.ranges ?? [{ source, fromByte, endByte }]));
    isJournaled ||= !canCopy(source);
    parts.push(part.open.part);
  }
  if (file === undefined) throw new NotCuttable('nothing_shown', 'There is neither picture nor sound in it.');
  const { clip, init, startMs } = file;
  const tracks = init.tracks.map(({ info }) => info);
  return { ...clip.finish(), ranges, startMs, tracks, parts, isJournaled };
}

/** Where a file begins in the middle of a part: its first pictures pass through here anyway, and may have to be mended. */
async function beginning(
  s3: S3Client,
  { cut, source }: AvailablePiece,
  init: InitSegment,
  choice: Choice,
): Promise<(Pick<Choice, 'tracks'> & { readonly ranges: readonly SourceRange<MediaSource>[] }) | undefined> {
  const { fromByte, endByte } = choice;
  if (!Number.isFinite(cut.fromMs) || !init.tracks.some(({ info }) => info.codec === 'h264'))
    return undefined;
  const readTo = Math.min(endByte, fromByte + S3_PART_MIN_BYTES);
  const read = await readRange(s3, source, { fromByte, endByte: readTo });
  const { tracks, media } = mendedBeginning(init, choice, read);
  const mended: MediaSource = {
    read: (range) => media.subarray(range.fromByte - fromByte, range.endByte - fromByte),
  };
  const ranges = [
    { source: mended, fromByte, endByte: readTo },
    { source, fromByte: readTo, endByte },
  ];
  return { tracks, ranges };
}

/** What went wrong with a piece matters when it is that one's turn: what comes before may be a file by itself. */
interface ReadPiece {
  readonly piece: AvailablePiece;
  readonly found: PromiseSettledResult<{
    readonly init: InitSegment;
    readonly tables: PromiseSettledResult<ReadCut[]>;
  }>;
}

/** In their order; several are read side by side. */
async function* readAhead(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  recordingId: string,
  pieces: readonly AvailablePiece[],
): AsyncGenerator<ReadPiece> {
  const tablesOf = async (index: FragmentIndex, { cut, source }: AvailablePiece): Promise<ReadCut[]> =>
    readTables(
      s3,
      source,
      trackCuts(index, cut).filter((one) => one !== undefined),
    );
  const read = async (piece: AvailablePiece) => {
    const index = piece.index ?? (await readIndex(store, recordingId, piece.part.open.part));
    const init = initOf(index);
    const [tables] = await Promise.allSettled([tablesOf(index, piece)]);
    return { init, tables };
  };
  for (let at = 0; at < pieces.length; at += READS_AT_ONCE) {
    const batch = pieces.slice(at, at + READS_AT_ONCE);
    const all = await Promise.allSettled(batch.map(read));
    for (const [place, found] of all.entries()) {
      const piece = batch[place];
      if (piece !== undefined) yield { piece, found };
    }
  }
}

function settledValue<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

async function readIndex(store: StateStore, recordingId: string, part: number): Promise<FragmentIndex> {
  const bytes = await store.readBytes(fragmentIndexKey(recordingId, part));
  if (bytes === undefined)
    throw new NotCuttable('index', `Part ${part} was recorded by a version that kept no index of fragments.`);
  const index = readFragmentIndex(bytes);
  if (index.container === 'mp4') return index;
  throw new NotCuttable('container', `Part ${part} is no MP4.`);
}

/** One head describes the samples of all. @throws NotCuttable */
function needSame(first: InitSegment, other: InitSegment, { open, zeroMs }: PlacedPart): void {
  const isSame =
    first.tracks.length === other.tracks.length &&
    first.tracks.every((track) => {
      const own = other.tracks.find(({ id }) => id === track.id);
      return own !== undefined && areAlike(track, own);
    });
  if (isSame) return;
  throw new NotCuttable(
    'parameters_differ',
    `From part ${open.part} on the tracks have other parameters: one file cannot hold both.`,
    zeroMs,
  );
}
