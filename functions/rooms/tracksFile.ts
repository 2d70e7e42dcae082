import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { choose } from '../core/media/clip/choice.ts';
import { type Cut, trackCuts } from '../core/media/clip/trackCut.ts';
import { readFragmentIndex } from '../core/media/fragmentIndex/reader.ts';
import { blockBytesFor, blocksOf } from '../core/media/room/blocks.ts';
import { type RoomFile, type RoomPiece, roomFile } from '../core/media/room/roomFile.ts';
import { MediaError } from '../core/media/types.ts';
import { initOf } from '../core/playback/watchedInit.ts';
import type { MergePiece, MergePlan } from '../core/rooms/merge.ts';
import { fragmentIndexKey } from '../core/state/keys.ts';
import { type RecordSource, readTables } from '../relocation/recordTables.ts';
import { CannotMerge } from './cannotMerge.ts';

interface Ports {
  readonly s3: S3Client;
  readonly store: StateStore;
}

/**
 * The file of all tracks, without reading their media: its head, and where its bytes lie in the library.
 * @throws CannotMerge; MediaError a record that is not what its index says; S3's faults, 404 and 412 where a record is gone
 */
export async function tracksFile(ports: Ports, plan: MergePlan): Promise<RoomFile<RecordSource>> {
  const all = plan.participants.flatMap(({ pieces }) => pieces);
  const blockBytes = blockBytesFor(all.reduce((sum, { bytes }) => sum + bytes, 0));
  const participants = [];
  for (const { name, pieces } of plan.participants) {
    const own: RoomPiece<RecordSource>[] = [];
    for (const [place, piece] of pieces.entries()) {
      const found = await roomPiece(ports, plan, piece, { next: pieces[place + 1], blockBytes });
      if (found !== undefined) own.push(found);
    }
    participants.push({ name, pieces: own });
  }
  const file = roomFile(participants);
  if (file === undefined)
    throw new CannotMerge({ code: 'nothing_shown', message: 'There is neither picture nor sound in it.' });
  return file;
}

/** @returns undefined where nothing of it is shown */
async function roomPiece(
  { s3, store }: Ports,
  { zeroMs }: MergePlan,
  piece: MergePiece,
  { next, blockBytes }: { readonly next: MergePiece | undefined; readonly blockBytes: number },
): Promise<RoomPiece<RecordSource> | undefined> {
  const { recordingId, part, startTimeMs } = piece;
  const bytes = await store.readBytes(fragmentIndexKey(recordingId, part));
  if (bytes === undefined) throw new MediaError(`part ${part} of ${recordingId} has none any more`);
  const index = readFragmentIndex(bytes);
  const cut = cutOf(piece, next);
  const cuts = trackCuts(index, cut).filter((one) => one !== undefined);
  const isLast = next?.recordingId !== recordingId;
  const choice = choose(await readTables(s3, piece, cuts), cut, isLast);
  if (choice === undefined) return undefined;
  return {
    source: piece,
    init: initOf(index),
    zeroMs: startTimeMs - zeroMs,
    tracks: choice.tracks,
    blocks: blocksOf(index.fragments(), choice, blockBytes),
  };
}

/** Infinite where the record's own beginning or end is meant: sound goes on over the border of two parts. */
function cutOf({ recordingId, attempt, fromMs, toMs, durationMs }: MergePiece, next?: MergePiece): Cut {
  const goesOn = next?.recordingId === recordingId && next.attempt === attempt;
  return {
    fromMs: fromMs === 0 ? Number.NEGATIVE_INFINITY : fromMs,
    toMs: goesOn || toMs === durationMs ? Number.POSITIVE_INFINITY : toMs,
  };
}
