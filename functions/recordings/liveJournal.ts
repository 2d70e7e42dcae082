import type { S3Client } from '@aws-sdk/client-s3';
import { readJournalObject, readObjectRange } from '../aws/journalObject.ts';
import { rangeHeader } from '../aws/rangeLinks.ts';
import type { StateStore } from '../aws/stateStore.ts';
import {
  INDEX_READ_BYTES,
  JournalCorruptError,
  REPEATED_EVERY,
  REPEATING_READ_BYTES,
} from '../core/journal/format.ts';
import { type LiveItem, liveItemOf } from '../core/playback/liveItems.ts';
import { journalKey, journalPrefix, journalSequenceOfKey } from '../core/state/keys.ts';

export interface LiveJournalOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly recordingId: string;
  readonly attempt: number;
  /** Its id. */
  readonly journal: string;
  readonly windowMs: number;
  readonly nowMs: () => number;
}

const READS_AT_ONCE = 32;
/** Objects come one after the other; the window is of media time. */
const MARGIN_MS = 60_000;
/** A number that is not there by then may be of an object that is gone: others may have come. */
const LIST_AGAIN_MS = 5_000;

/** What the journal of one attempt has for players, by the indexes of its objects. Each is read once. */
export class LiveJournal {
  readonly #options: LiveJournalOptions;
  readonly #items = new Map<number, LiveItem>();
  /** The object to be read next; undefined before the first look. */
  #next: number | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LiveJournalOptions) {
    this.#options = options;
  }

  /** In order, as far back as a list may go. */
  items(): readonly LiveItem[] {
    const items = [...this.#items.values()].sort((one, other) => one.sequence - other.sequence);
    const fromMs = (items.at(-1)?.atMs ?? 0) - this.#options.windowMs - 2 * MARGIN_MS;
    for (const { sequence, atMs } of items) if (atMs < fromMs) this.#items.delete(sequence);
    return items.filter(({ atMs }) => atMs >= fromMs);
  }

  /** Bytes of a segment that is known. */
  itemAt(object: number, place: number): Pick<LiveItem, 'firstByte' | 'bytes'> | undefined {
    for (const item of this.#items.values())
      if (item.object === object && item.place === place)
        return { firstByte: item.firstByte, bytes: item.bytes };
    return undefined;
  }

  /** What a player gets of a segment; undefined where it is gone. */
  read({ object, firstByte, bytes }: LiveItem): Promise<Buffer | undefined> {
    return this.#read(object, { firstByte, bytes });
  }

  /** All tracks of it; undefined where it is gone. */
  readAll({ object, firstByte, inFile }: LiveItem): Promise<Buffer | undefined> {
    return this.#read(object, { firstByte, bytes: inFile.end - inFile.from });
  }

  async #read(object: number, range: Pick<LiveItem, 'firstByte' | 'bytes'>): Promise<Buffer | undefined> {
    const { s3, store, journal } = this.#options;
    const place = { bucket: store.bucket, key: journalKey(journal, object) };
    return (await readObjectRange(s3, place, rangeHeader(range)))?.bytes;
  }

  /** Reads what has come: one request for each object, and one that finds none. @returns whether something had */
  async refresh(): Promise<boolean> {
    if (this.#next === undefined) return this.#readWindow();
    if (this.#options.nowMs() - this.#lookedAtMs >= LIST_AGAIN_MS) return this.#readListed(this.#next);
    const before = this.#next;
    while (await this.#readIndex(this.#next)) this.#next += 1;
    if (this.#next === before) return false;
    this.#lookedAtMs = this.#options.nowMs();
    return true;
  }

  async #readWindow(): Promise<boolean> {
    const { store, journal, windowMs, nowMs } = this.#options;
    this.#lookedAtMs = nowMs();
    const listed = await store.listEntries(journalPrefix(journal));
    const newest = listed.at(-1);
    if (newest === undefined) return false;
    const fromMs = newest.modifiedAtMs - windowMs - MARGIN_MS;
    const objects = numbersOf(listed.filter(({ modifiedAtMs }) => modifiedAtMs >= fromMs));
    await this.#readAll(unrepeated(objects));
    this.#next = (objects.at(-1) ?? 0) + 1;
    return true;
  }

  /** Also past numbers whose objects are gone. */
  async #readListed(from: number): Promise<boolean> {
    const { store, journal, nowMs } = this.#options;
    this.#lookedAtMs = nowMs();
    const after = journalKey(journal, from - 1);
    const { entries } = await store.listPage(journalPrefix(journal), { after });
    const objects = numbersOf(entries);
    await this.#readAll(unrepeated(objects));
    this.#next = Math.max(from, (objects.at(-1) ?? 0) + 1);
    return objects.length > 0;
  }

  async #readAll(objects: readonly number[]): Promise<void> {
    for (let at = 0; at < objects.length; at += READS_AT_ONCE)
      await Promise.all(objects.slice(at, at + READS_AT_ONCE).map((object) => this.#readIndex(object)));
  }

  /** @returns whether there is such an object, damaged or not */
  async #readIndex(object: number): Promise<boolean> {
    const { s3, store, journal, recordingId } = this.#options;
    const place = { bucket: store.bucket, key: journalKey(journal, object) };
    const endBytes = object % REPEATED_EVERY === 0 ? REPEATING_READ_BYTES : INDEX_READ_BYTES;
    try {
      const found = await readJournalObject(s3, place, { recordingId, endBytes });
      if (found === undefined) return false;
      for (const [n, entry] of found.entries.entries()) this.#add(entry, { object, place: n, at: entry.at });
      for (const entry of found.earlier) this.#add(entry, entry);
    } catch (error) {
      if (!(error instanceof JournalCorruptError)) throw error;
    }
    return true;
  }

  #add(entry: Parameters<typeof liveItemOf>[0], place: Parameters<typeof liveItemOf>[1]): void {
    const item = liveItemOf(entry, place, this.#options);
    if (item !== undefined) this.#items.set(item.sequence, item);
  }
}

function numbersOf(listed: readonly { readonly key: string }[]): number[] {
  return listed.flatMap(({ key }) => journalSequenceOfKey(key) ?? []);
}

/** Of these objects, those that no other one of them repeats. */
function unrepeated(objects: readonly number[]): number[] {
  const there = new Set(objects);
  return objects.filter((object) => {
    const repeating = Math.ceil((object + 1) / REPEATED_EVERY) * REPEATED_EVERY;
    return object % REPEATED_EVERY === 0 || !there.has(repeating);
  });
}
