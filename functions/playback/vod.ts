import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { readFragmentIndex } from '../core/media/fragmentIndex/reader.ts';
import type { FragmentIndex } from '../core/media/fragmentIndex/types.ts';
import { NOT_PLAYABLE, type NotPlayable, type PlayablePart, playableOf } from '../core/playback/playable.ts';
import { segmentsOf } from '../core/playback/segments.ts';
import { type ListedPart, vodPlaylist } from '../core/playback/vodPlaylist.ts';
import { watchedInit } from '../core/playback/watchedInit.ts';
import { recordingStatus } from '../core/state/fold.ts';
import { fragmentIndexKey, partKey, vodPlaylistKey } from '../core/state/keys.ts';
import { openPartSchema } from '../core/state/partObjects.ts';
import { readRecording } from '../recordings/read.ts';

const READS_AT_ONCE = 32;

/**
 * The list of a recording that has ended. It is made once, by whoever asks first when all parts are in the library, and
 * kept: a day that rotates by the minute has 1,440 indexes.
 * @throws RecorderError recording_not_found, recording_active, not_playable
 */
export async function readVodPlaylist(store: StateStore, recordingId: string): Promise<string> {
  const key = vodPlaylistKey(recordingId);
  const known = await store.readBytes(key);
  if (known !== undefined) return known.toString();
  const objects = await readRecording(store, recordingId);
  if (objects === undefined) throw new RecorderError('recording_not_found', 'There is no such recording.');
  const playable = playableOf(objects);
  if (playable === undefined)
    throw new RecorderError('recording_active', 'Nothing of it is in the library yet.');
  if (playable.reason !== undefined) throw notPlayable(playable.reason);
  const listed = await listedParts(store, recordingId, playable.parts);
  if (listed.length === 0) throw notPlayable('tracks');
  const playlist = vodPlaylist(listed);
  const isComplete = [...objects.parts.values()].every(
    ({ final, moved }) => moved !== undefined || final?.bytes === 0,
  );
  if (recordingStatus(objects) !== 'processing' && isComplete)
    await store.overwriteBytes(key, Buffer.from(playlist));
  return playlist;
}

/** What a player is given before a part's fragments. @throws RecorderError link_refused where there is none */
export async function readInit(store: StateStore, recordingId: string, part: number): Promise<Buffer> {
  const index = await readIndex(store, recordingId, part);
  if (index?.container === 'mp4') return watchedInit(index);
  // While it is recorded.
  const open =
    index === undefined ? await store.read(partKey(recordingId, part, 'open'), openPartSchema) : undefined;
  if (open?.value.init === undefined)
    throw new RecorderError('recording_not_found', 'There is no such part.');
  return Buffer.from(open.value.init, 'base64');
}

async function listedParts(
  store: StateStore,
  recordingId: string,
  parts: readonly PlayablePart[],
): Promise<ListedPart[]> {
  const listed: ListedPart[] = [];
  for (let at = 0; at < parts.length; at += READS_AT_ONCE) {
    const batch = parts.slice(at, at + READS_AT_ONCE);
    const found = await Promise.all(batch.map((part) => listedPart(store, recordingId, part)));
    listed.push(...found.filter((part) => part !== undefined));
  }
  return listed;
}

async function listedPart(
  store: StateStore,
  recordingId: string,
  { open, container, untilMs }: PlayablePart,
): Promise<ListedPart | undefined> {
  const index = await readIndex(store, recordingId, open.part);
  if (index === undefined || index.isMixed) return undefined;
  const segments = segmentsOf(index.spans(), untilMs);
  if (segments.length === 0) return undefined;
  return { part: open.part, container, startTimeMs: open.startTimeMs, segments };
}

async function readIndex(
  store: StateStore,
  recordingId: string,
  part: number,
): Promise<FragmentIndex | undefined> {
  const bytes = await store.readBytes(fragmentIndexKey(recordingId, part));
  return bytes === undefined ? undefined : readFragmentIndex(bytes);
}

function notPlayable(reason: NotPlayable): RecorderError {
  return new RecorderError('not_playable', NOT_PLAYABLE[reason], { field: 'recordingId' });
}
