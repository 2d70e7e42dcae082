import { endAtMs, type LiveItem, type LocatedItem, startAtMs } from '../core/playback/liveItems.ts';
import { goesOnWith, type PicturedItem, picturedFragments } from '../core/playback/livePictures.ts';

/** What one attempt has in its journal. */
export interface JournaledItems {
  readonly items: readonly LocatedItem[];
  readonly hasEnded: boolean;
  /** Undefined for one that is gone. */
  readonly read: (item: LiveItem) => Promise<Buffer | undefined>;
}

/** Who hands over goes on for less. */
const BOTH_MAX_MS = 15_000;
/** Of the later attempt so much more, so that there is something that the earlier one has not. */
const AFTER_MS = 10_000;
/** Of each attempt: nobody who watches waits for more. */
const READ_MAX_BYTES = 64 * 1024 * 1024;

/**
 * The segment, or the end of one, with which the later attempt goes on where the earlier one ends, by pictures that both have:
 * their segments are read for it, once.
 * @param earlier nothing comes of it any more
 * @returns `awaited` while the later one has nothing new; undefined where that cannot be told
 */
export async function segmentAfter(
  earlier: JournaledItems,
  later: JournaledItems,
): Promise<LiveItem | 'awaited' | undefined> {
  const [first, end] = [later.items[0], earlier.items.at(-1)];
  if (first?.part.init === undefined || end?.part.init === undefined) return undefined;
  const fromMs = endAtMs(end) - BOTH_MAX_MS;
  const before = earlier.items.filter((one) => endAtMs(one) > fromMs);
  const untilMs = startAtMs(first) + BOTH_MAX_MS + AFTER_MS;
  const own = later.items.filter((one) => startAtMs(one) < untilMs);
  if (bytesOf(before) > READ_MAX_BYTES || bytesOf(own) > READ_MAX_BYTES) return undefined;
  const [known, following] = await Promise.all([pictured(earlier, before), pictured(later, own)]);
  const next = goesOnWith(
    known.flatMap(({ fragments }) => fragments.flatMap(({ pictures }) => pictures)),
    following,
  );
  const hasMore = !later.hasEnded && own.length === later.items.length;
  return next === 'awaited' && !hasMore ? undefined : next;
}

const bytesOf = (items: readonly LocatedItem[]): number =>
  items.reduce((sum, { item }) => sum + item.bytes, 0);

/** One after the other: they are large, and their pictures are not. */
async function pictured({ read }: JournaledItems, items: readonly LocatedItem[]): Promise<PicturedItem[]> {
  const found: PicturedItem[] = [];
  for (const located of items) {
    const bytes = await read(located.item);
    const fragments = bytes === undefined ? [] : picturedFragments(bytes, located);
    found.push({ item: located.item, fragments });
  }
  return found;
}
