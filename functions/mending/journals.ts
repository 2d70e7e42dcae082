import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { type JournalObject, readEntryBytes, readJournalObject } from '../aws/journalObject.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { isOfFile, type JournaledFile, type SavedFacts } from '../core/journal/entry.ts';
import { checkBytes, JournalCorruptError, type PlacedEntry } from '../core/journal/format.ts';
import { journalPrefix } from '../core/state/keys.ts';
import type { SavedPiece } from './savedBytes.ts';

/** A file whose saved bytes are looked for. */
export interface WantedFile {
  readonly journal: string;
  readonly file: JournaledFile;
  /** S3 parts have what comes before. */
  readonly fromBytes: number;
  /** It was opened then, by its recorder's clock: nothing of it is in older objects. */
  readonly openedAtMs: number;
  /** Its worker may live, and write more. */
  readonly mayGrow: boolean;
}

const OBJECTS_AT_ONCE = 16;
/** Objects that several rescues want are read whole and kept for the others: so many, the newest first, 12 MiB each or a little more. */
const WHOLE_MAX = 32;

/**
 * The journals that rescuers read, newest object first. Rescues that go on side by side share one of these: each object is
 * read once for all of them.
 */
export class Journals {
  readonly #s3: S3Client;
  readonly #store: StateStore;
  readonly #isShared: boolean;
  readonly #objects = new Map<string, Promise<JournalObject | undefined>>();
  readonly #listings = new Map<string, Promise<readonly string[]>>();
  readonly #ids = new Set<string>();
  readonly #complete: JournaledFile[] = [];

  /** @param isShared several rescues want what a worker wrote: whole objects are read */
  constructor(s3: S3Client, store: StateStore, isShared: boolean) {
    this.#s3 = s3;
    this.#store = store;
    this.#isShared = isShared;
  }

  /** Ids of those that were asked for. */
  get ids(): readonly string[] {
    return [...this.#ids];
  }

  /** Whose files were completed. */
  get recordingIds(): readonly string[] {
    return [...new Set(this.#complete.map(({ recordingId }) => recordingId))];
  }

  /** Its upload is complete, or gone: nobody needs its bytes any more. */
  markComplete(file: JournaledFile): void {
    this.#complete.push(file);
  }

  isComplete(file: JournaledFile): boolean {
    return this.#complete.some((one) => isOfFile(one, file));
  }

  /** @param look a rescue that looks again sees what has been written since */
  async pieces(wanted: WantedFile, look: number, log: Logger): Promise<SavedPiece[]> {
    const { file, fromBytes, openedAtMs } = wanted;
    const keys = (await this.#list(wanted, look)).toReversed();
    const found: SavedPiece[] = [];
    for (let i = 0; i < keys.length; i += OBJECTS_AT_ONCE) {
      const batch = keys.slice(i, i + OBJECTS_AT_ONCE);
      const objects = await Promise.all(
        batch.map((key) => this.read(key, log, this.#isShared && this.#objects.size < WHOLE_MAX)),
      );
      let isMet = false;
      for (const [n, object] of objects.entries()) {
        const key = batch[n] ?? '';
        for (const entry of object?.entries ?? []) {
          if (entry.atMs < openedAtMs) isMet = true;
          if (!isOfFile(entry, file)) continue;
          if (entry.offset <= fromBytes) isMet = true;
          if (object !== undefined) found.push(this.#piece(key, object, entry, log));
        }
      }
      if (isMet) break;
    }
    return found;
  }

  /** What is in an object; undefined where it is gone, or is none. */
  read(key: string, log: Logger, isWhole: boolean = false): Promise<JournalObject | undefined> {
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const read = readJournalObject(this.#s3, { bucket: this.#store.bucket, key }, { isWhole }).catch(
      (error: unknown) => {
        this.#objects.delete(key);
        if (!(error instanceof JournalCorruptError)) throw error;
        log.error('an object of a journal cannot be read, and is left out', { key, error });
        return undefined;
      },
    );
    this.#objects.set(key, read);
    return read;
  }

  #piece(key: string, object: JournalObject, entry: PlacedEntry, log: Logger): SavedPiece {
    const { offset, bytes } = entry;
    let read: ReturnType<SavedPiece['read']> | undefined;
    return {
      offset,
      bytes,
      facts: factsOf(entry),
      // They may lie in two S3 parts.
      read: () => {
        read ??= this.#read(key, object, entry, log);
        return read;
      },
    };
  }

  async #read(
    key: string,
    object: JournalObject,
    entry: PlacedEntry,
    log: Logger,
  ): ReturnType<SavedPiece['read']> {
    const bytes = await readEntryBytes(this.#s3, { bucket: this.#store.bucket, key }, object, entry);
    if (bytes === undefined) return undefined;
    try {
      checkBytes(entry, bytes);
    } catch (error) {
      log.error('bytes of a journal are damaged, and are left out', { key, error: error as Error });
      return undefined;
    }
    return { bytes, crc32: entry.crc32, facts: factsOf(entry) };
  }

  /** Rescues that wait for others to record begin one after the other: of what grows each looks at what there is then. */
  #list({ journal, file, mayGrow }: WantedFile, look: number): Promise<readonly string[]> {
    this.#ids.add(journal);
    const name = [look, journal, ...(mayGrow ? [file.recordingId] : [])].join(' ');
    const known = this.#listings.get(name) ?? this.#store.list(journalPrefix(journal));
    this.#listings.set(name, known);
    return known;
  }
}

const factsOf = ({ durationMs, videoFrames, atMs }: PlacedEntry): SavedFacts => ({
  durationMs,
  videoFrames,
  atMs,
});
