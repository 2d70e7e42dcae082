import type { S3Client } from '@aws-sdk/client-s3';
import { readJournalObject } from '../aws/journalObject.ts';
import type { ObjectRange } from '../aws/rangeLinks.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { targetSeconds } from '../core/journal/liveNumbering.ts';
import {
  type EarlierAttempt,
  type EntryPlace,
  joinedFrom,
  joinOf,
  type LiveItem,
  type LiveJoin,
  type LocatedItem,
  listedItem,
  liveItemOf,
} from '../core/playback/liveItems.ts';
import {
  type LiveContainer,
  type LiveName,
  livePlaylist,
  type NumberedItem,
} from '../core/playback/livePlaylist.ts';
import type { RecordingSettings } from '../core/settings/settings.ts';
import { attemptKey, attemptsPrefix, journalKey, liveJoinKey, outcomeKey } from '../core/state/keys.ts';
import { claimSchema, liveJoinSchema, outcomeSchema } from '../core/state/objects.ts';
import { LiveJournal } from '../recordings/liveJournal.ts';
import { type JournaledItems, segmentAfter } from './liveOverlap.ts';
import { OpenParts } from './openParts.ts';

export interface LiveRecordingOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly recordingId: string;
  readonly settings: Pick<RecordingSettings, 'liveWindowMs' | 'maxLossMs'>;
  readonly nowMs: () => number;
}

interface Attempt {
  readonly journal: LiveJournal;
  hasEnded: boolean;
}

/** An attempt as it is found for one list. */
interface FoundAttempt extends Readonly<Attempt> {
  readonly attempt: number;
  readonly items: readonly LocatedItem[];
}

/** A list says as much for so long. */
const KEPT_MS = 900;
/** While nothing comes it is looked whether the recording goes on elsewhere, or has ended. */
const LOOK_AGAIN_MS = 2_000;

/**
 * A recording that goes on, as it is watched: its list, made of what its attempts have in their journals. What is found is
 * kept while the function is warm; a function that is not makes the same list.
 */
export class LiveRecording {
  readonly #options: LiveRecordingOptions;
  readonly #attempts = new Map<number, Attempt>();
  readonly #links = new Map<number, LiveJoin>();
  readonly #parts: OpenParts;
  #hasEnded: boolean = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #list: { readonly atMs: number; readonly text: Promise<string | undefined> } | undefined;

  constructor(options: LiveRecordingOptions) {
    this.#options = options;
    this.#parts = new OpenParts(options.store, options.recordingId);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** As it is now; undefined before there is anything to play. */
  playlist(): Promise<string | undefined> {
    const atMs = this.#options.nowMs();
    const isOld = this.#list === undefined || (!this.#hasEnded && atMs - this.#list.atMs >= KEPT_MS);
    if (this.#list === undefined || isOld) {
      const text = this.#playlist();
      this.#list = { atMs, text };
      text.catch(() => {
        this.#list = undefined;
      });
    }
    return this.#list.text;
  }

  /** Where a segment is; undefined for one that is not of this recording, or gone. */
  async rangeOf(named: LiveName): Promise<ObjectRange | undefined> {
    const { store } = this.#options;
    const { cutBytes } = named;
    const found = await this.#entryOf(named);
    if (found === undefined || cutBytes >= found.bytes) return undefined;
    const { key, firstByte, bytes } = found;
    return { bucket: store.bucket, key, firstByte: firstByte + cutBytes, bytes: bytes - cutBytes };
  }

  async #entryOf({ attempt, object, place }: LiveName): Promise<Omit<ObjectRange, 'bucket'> | undefined> {
    const { s3, store, recordingId } = this.#options;
    const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
    if (claim?.value.journal === undefined) return undefined;
    const key = journalKey(claim.value.journal, object);
    const known = this.#attempts.get(attempt)?.journal.itemAt(object, place);
    if (known !== undefined) return { key, ...known };
    const found = await readJournalObject(s3, { bucket: store.bucket, key });
    const entry = found?.entries[place];
    const at: EntryPlace = { object, place, at: entry?.at ?? 0 };
    const item = entry === undefined ? undefined : liveItemOf(entry, at, { recordingId, attempt });
    return item === undefined ? undefined : { key, firstByte: item.firstByte, bytes: item.bytes };
  }

  async #playlist(): Promise<string | undefined> {
    const { nowMs, settings } = this.#options;
    const going = [...this.#attempts.values()].filter(({ hasEnded }) => !hasEnded);
    const found = await Promise.all(going.map(({ journal }) => journal.refresh()));
    const hasMore = found.at(-1) ?? false;
    // While two go on the later one is listed once the earlier one has ended.
    const isAwaited = going.length > 1;
    if ((!hasMore || isAwaited) && nowMs() - this.#lookedAtMs >= LOOK_AGAIN_MS) await this.#look();
    const items = await this.#numbered();
    const container = await this.#container(items);
    if (container === undefined) return undefined;
    return livePlaylist(items, {
      container,
      targetSeconds: targetSeconds(settings.maxLossMs),
      windowMs: settings.liveWindowMs,
      hasEnded: this.#hasEnded,
    });
  }

  /** Whether it has ended is asked first: then nothing comes after what is found. */
  async #look(): Promise<void> {
    const { store, recordingId, settings, nowMs, s3 } = this.#options;
    this.#lookedAtMs = nowMs();
    const hasEnded = (await store.read(outcomeKey(recordingId), outcomeSchema)) !== undefined;
    const keys = await store.list(attemptsPrefix(recordingId));
    for (const attempt of numbersOf(keys, 'claim')) {
      if (this.#attempts.has(attempt)) continue;
      const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
      if (claim?.value.journal === undefined) continue;
      const of = { s3, store, recordingId, attempt, journal: claim.value.journal, nowMs };
      const journal = new LiveJournal({ ...of, windowMs: settings.liveWindowMs });
      this.#attempts.set(attempt, { journal, hasEnded: false });
    }
    const ended = new Set(numbersOf(keys, 'end'));
    for (const [attempt, one] of this.#attempts) {
      // What one that has ended has was read once after its end.
      if (!one.hasEnded) await one.journal.refresh();
      one.hasEnded = hasEnded || ended.has(attempt);
    }
    this.#hasEnded = hasEnded;
  }

  /** All segments in order, up to the first one of a part of which nothing is known yet. */
  async #numbered(): Promise<NumberedItem[]> {
    const numbered: NumberedItem[] = [];
    let before: (EarlierAttempt & FoundAttempt) | undefined;
    for (const [attempt, { journal, hasEnded }] of this.#attempts) {
      const items = await this.#located(journal.items());
      const found = { attempt, journal, hasEnded, items };
      const link = await this.#link(before, found);
      if (link === undefined) {
        if (items.length === 0) continue;
        break;
      }
      // What an earlier one wrote after that was decided, or of which nothing was known then.
      const firstSequence = link.sequence + link.fromSequence;
      const unlisted = link.after === 0 ? 0 : numbered.findIndex(({ sequence }) => sequence >= firstSequence);
      if (unlisted !== -1) numbered.length = unlisted;
      for (const { item: own, part } of items) {
        const item = listedItem(link, own);
        if (item === undefined) continue;
        const { sequence, discontinuity } = item;
        numbered.push({
          ...{ item, part, sequence: link.sequence + sequence },
          discontinuity: link.discontinuity + discontinuity,
        });
      }
      before = { ...found, link };
    }
    return numbered;
  }

  async #located(items: readonly LiveItem[]): Promise<LocatedItem[]> {
    const located: LocatedItem[] = [];
    for (const item of items) {
      const part = await this.#parts.of(item);
      if (part === undefined) break;
      located.push({ item, part });
    }
    return located;
  }

  /** Decided once, by whoever lists the attempt first. */
  async #link(
    before: (EarlierAttempt & FoundAttempt) | undefined,
    later: FoundAttempt,
  ): Promise<LiveJoin | undefined> {
    const { attempt, items } = later;
    if (items.length === 0) return undefined;
    const { store, recordingId } = this.#options;
    const key = liveJoinKey(recordingId, attempt);
    let link = this.#links.get(attempt);
    if (attempt === 1)
      link ??= { attempt, after: 0, endSequence: 0, sequence: 0, discontinuity: 0, fromSequence: 0 };
    link ??= (await store.read(key, liveJoinSchema))?.value;
    if (link === undefined) {
      const join = await joinAfter(before, later);
      if (join === undefined) return undefined;
      link = (await store.create(key, join)) ? join : (await store.read(key, liveJoinSchema))?.value;
    }
    if (link !== undefined) this.#links.set(attempt, link);
    return link;
  }

  /** Of the first part that there ever was. */
  async #container(items: readonly NumberedItem[]): Promise<LiveContainer | undefined> {
    if (items.length === 0) return undefined;
    const format = (await this.#parts.first())?.format;
    return format === 'mp4' || format === 'ts' ? format : undefined;
  }
}

/** Undefined while that cannot be decided. */
async function joinAfter(
  before: (EarlierAttempt & FoundAttempt) | undefined,
  later: FoundAttempt,
): Promise<LiveJoin | undefined> {
  const join = joinOf(before, later.attempt, later.items);
  if (join === undefined || before === undefined) return join;
  const next = await segmentAfter(readable(before), readable(later));
  if (next === 'awaited') return undefined;
  return next === undefined ? join : joinedFrom(join, next);
}

const readable = ({ items, hasEnded, journal }: FoundAttempt): JournaledItems => ({
  items,
  hasEnded,
  read: (item) => journal.read(item),
});

function numbersOf(keys: readonly string[], file: 'claim' | 'end'): number[] {
  return keys
    .flatMap((key) => {
      const [, digits] = new RegExp(`/attempts/([1-9]\\d*)/${file}\\.json$`).exec(key) ?? [];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((one, other) => one - other);
}
