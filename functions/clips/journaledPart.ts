import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import type { Cut } from '../core/media/clip/trackCut.ts';
import { readFragmentIndex } from '../core/media/fragmentIndex/reader.ts';
import type { FragmentIndex } from '../core/media/fragmentIndex/types.ts';
import { Mp4Reader } from '../core/media/mp4/reader.ts';
import { MemoryPages } from '../core/media/pages.ts';
import { toBuffer } from '../core/media/pieces.ts';
import { MediaError, type PartMuxer } from '../core/media/types.ts';
import type { LiveItem } from '../core/playback/liveItems.ts';
import { attemptKey } from '../core/state/keys.ts';
import { claimSchema } from '../core/state/objects.ts';
import type { OpenPart } from '../core/state/partObjects.ts';
import { LiveJournal } from '../recordings/liveJournal.ts';
import type { ReadSource } from '../relocation/recordTables.ts';

/** What the journal has of a part that is still recorded, as a record that begins where it is needed. */
export interface JournaledPart extends ReadSource {
  readonly index: FragmentIndex;
  /** Its own zero, in the part's media time. */
  readonly zeroMs: number;
}

export interface JournaledPartOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly recordingId: string;
  readonly open: OpenPart;
  readonly windowMs: number;
  readonly nowMs: () => number;
}

/** All of it passes through the function, and its memory. */
const JOURNALED_MAX_BYTES = 512 * 1024 * 1024;
/** Pictures of an open GOP come after the keyframe that is shown after them. */
const REORDERED_MS = 500;

/**
 * Reads what a clip needs of a part that is still recorded.
 * @param cut what is wanted, in the part's media time
 * @returns undefined where the journal does not have all of it, or not yet, or it is too much: then its record is waited for
 * @throws MediaError the journal's bytes are not what a recorder writes
 */
export async function readJournaledPart(
  options: JournaledPartOptions,
  cut: Cut,
): Promise<JournaledPart | undefined> {
  const { s3, store, recordingId, open, windowMs, nowMs } = options;
  const { attempt, format, head = open.init } = open;
  if (format !== 'mp4' || head === undefined) return undefined;
  const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
  if (claim?.value.journal === undefined) return undefined;
  const of = { s3, store, recordingId, attempt, journal: claim.value.journal, windowMs, nowMs };
  const journal = new LiveJournal(of);
  await journal.refresh();
  const items = itemsOf(journal.items(), open, cut);
  const bytes = items?.reduce((sum, { inFile }) => sum + inFile.end - inFile.from, 0) ?? 0;
  if (items === undefined || bytes > JOURNALED_MAX_BYTES) return undefined;
  const file = new JournaledFile(Buffer.from(head, 'base64'), bytes);
  for (const item of items) {
    const read = await journal.readAll(item);
    if (read === undefined) return undefined;
    file.add(read);
  }
  const part = file.finish();
  // A recorder of an earlier version told of those tracks alone that players get.
  return part.index.tracks.length === open.tracks.length ? part : undefined;
}

/** Undefined where they are not all there. */
function itemsOf(
  all: readonly LiveItem[],
  { file }: OpenPart,
  { fromMs, toMs }: Cut,
): readonly LiveItem[] | undefined {
  const own = all.filter((item) => item.file === file);
  const last = own.findIndex(({ endMs }) => endMs >= toMs + REORDERED_MS);
  const first = own.findLastIndex(({ keyframe, startMs }) => keyframe && startMs <= fromMs);
  if (last === -1 || (first === -1 && own[0]?.inFile.isFirst !== true)) return undefined;
  // Its sound may lie in the one before.
  const items = own.slice(Math.max(0, first - 1), last + 1);
  const hasAll = items.every(
    ({ inFile }, place) => place === 0 || inFile.from === items[place - 1]?.inFile.end,
  );
  return hasAll ? items : undefined;
}

/** Fragments one after the other, in memory, and the head of the file that they would be. */
class JournaledFile {
  readonly #reader = new Mp4Reader();
  readonly #media: Buffer;
  #filledBytes = 0;
  #muxer: PartMuxer | undefined;

  constructor(init: Buffer, mediaBytes: number) {
    this.#media = Buffer.allocUnsafe(mediaBytes);
    this.#reader.push(init);
  }

  add(bytes: Buffer): void {
    for (const fragment of this.#reader.push(bytes)) {
      this.#muxer ??= this.#reader.startPart(fragment, new MemoryPages());
      this.#filledBytes += this.#muxer.add(fragment).copy(this.#media, this.#filledBytes);
    }
  }

  finish(): JournaledPart {
    const { head, index } = this.#muxer?.finish() ?? {};
    if (this.#muxer === undefined || head === undefined || index === undefined)
      throw new MediaError('the journal has no fragment of it');
    const headBytes = toBuffer(head);
    const media = this.#media.subarray(0, this.#filledBytes);
    return {
      index: readFragmentIndex(toBuffer(index)),
      zeroMs: this.#muxer.summary.startMs,
      read: ({ fromByte, endByte }) =>
        endByte <= headBytes.length
          ? headBytes.subarray(fromByte, endByte)
          : media.subarray(fromByte - headBytes.length, endByte - headBytes.length),
    };
  }
}
