import type { LiveItem, LocatedItem } from './liveItems.ts';
import { initName, PLAYLIST_VERSIONS } from './vodPlaylist.ts';

export const LIVE_PLAYLIST = 'live.m3u8';
/** Leads to the list of what goes on, or of what has ended, whichever it is when it is loaded. */
export const STREAM_PLAYLIST = 'stream.m3u8';

/** Segments that a player is to find at least, however small the window. */
const SEGMENTS_MIN = 6;

export type LiveContainer = 'mp4' | 'ts';
const EXTENSIONS: Readonly<Record<LiveContainer, string>> = { mp4: 'm4s', ts: 'ts' };

/** A segment with its numbers in the recording's list. */
export interface NumberedItem extends LocatedItem {
  readonly sequence: number;
  readonly discontinuity: number;
}

export interface LiveListOptions {
  readonly container: LiveContainer;
  readonly targetSeconds: number;
  readonly windowMs: number;
  /** Nothing comes any more. */
  readonly hasEnded: boolean;
}

/** A line of the list: a segment, or the time of one that is not there. */
interface Listed {
  readonly sequence: number;
  readonly discontinuity: number;
  readonly startAtMs: number;
  readonly durationMs: number;
  readonly media: NumberedItem | undefined;
}

/** Where a segment lies, as its name says it. */
export interface LiveName extends Pick<LiveItem, 'attempt' | 'object' | 'place'> {
  readonly cutBytes: number;
}

function liveName({ attempt, object, place, cutBytes = 0 }: LiveItem): string {
  return [attempt, object, place, ...(cutBytes === 0 ? [] : [cutBytes])].join('-');
}

/** What a name in the list means; undefined for one that is none of ours. */
export function readLiveName(name: string): LiveName | undefined {
  const [, attempt, object, place, cutBytes = '0'] =
    /^([1-9]\d{0,5})-([1-9]\d{0,14})-(\d{1,5})(?:-([1-9]\d{0,11}))?\.(?:m4s|ts)$/.exec(name) ?? [];
  if (attempt === undefined) return undefined;
  return {
    attempt: Number(attempt),
    object: Number(object),
    place: Number(place),
    cutBytes: Number(cutBytes),
  };
}

/**
 * The list of a recording that goes on (RFC 8216), sliding. It depends on the segments alone, and a segment that is listed
 * stays as it is: whoever makes it, whenever, makes it alike.
 * @param items by their numbers, one at least
 */
export function livePlaylist(items: readonly NumberedItem[], options: LiveListOptions): string {
  const { container, targetSeconds, hasEnded } = options;
  const listed = inWindow(allListed(items, options), options);
  const [first] = listed;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${PLAYLIST_VERSIONS[container]}`,
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.sequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.discontinuity ?? 0}`,
  ];
  let before: Listed | undefined;
  let initPart: number | undefined;
  for (const one of listed) {
    const { durationMs, startAtMs, discontinuity, media } = one;
    const isCut = before !== undefined && discontinuity !== before.discontinuity;
    if (isCut) lines.push('#EXT-X-DISCONTINUITY');
    if (media !== undefined && container === 'mp4' && media.part.part !== initPart) {
      initPart = media.part.part;
      lines.push(`#EXT-X-MAP:URI="${initName(initPart)}"`);
    }
    if (isCut || before === undefined)
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(Math.round(startAtMs)).toISOString()}`);
    lines.push(`#EXTINF:${(durationMs / 1000).toFixed(3)},`, ...mediaLines(media, container));
    before = one;
  }
  if (hasEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

function mediaLines(media: NumberedItem | undefined, container: LiveContainer): string[] {
  const extension = EXTENSIONS[container];
  if (media === undefined) return ['#EXT-X-GAP', `gap.${extension}`];
  const { firstByte, bytes } = media.item;
  return [`#EXT-X-BYTERANGE:${bytes}@${firstByte}`, `${liveName(media.item)}.${extension}`];
}

/** With those that numbers were left out for. */
function allListed(items: readonly NumberedItem[], { container, targetSeconds }: LiveListOptions): Listed[] {
  const maxMs = 1000 * targetSeconds;
  const listed: Listed[] = [];
  for (const numbered of items) {
    const { item, part, sequence, discontinuity } = numbered;
    const startAtMs = part.startTimeMs + item.startMs;
    const before = listed.at(-1);
    if (before !== undefined && sequence > before.sequence + 1)
      listed.push(...missing(before, { startAtMs, sequence, discontinuity }, maxMs));
    listed.push({
      sequence,
      discontinuity,
      startAtMs,
      durationMs: Math.min(maxMs, Math.max(1, item.endMs - item.startMs)),
      // Nothing in a list says that what follows needs no init segment any more.
      media: part.format === container ? numbered : undefined,
    });
  }
  return listed;
}

/** Segments that are not there, of equal length: their time is said. */
function missing(
  before: Listed,
  next: Pick<Listed, 'startAtMs' | 'sequence' | 'discontinuity'>,
  maxMs: number,
): Listed[] {
  const count = next.sequence - before.sequence - 1;
  const fromMs = before.startAtMs + before.durationMs;
  const eachMs = Math.min(maxMs, Math.max(1, (next.startAtMs - fromMs) / count));
  return Array.from({ length: count }, (_, n) => ({
    sequence: before.sequence + 1 + n,
    // One tag says one discontinuity: of several each has its own segment.
    discontinuity: Math.min(before.discontinuity + n + 1, next.discontinuity),
    startAtMs: fromMs + n * eachMs,
    durationMs: eachMs,
    media: undefined,
  }));
}

/** Those that a player can go back to; the first one is there. */
function inWindow(
  listed: readonly Listed[],
  { targetSeconds, windowMs }: LiveListOptions,
): readonly Listed[] {
  const edgeMs = Math.max(...listed.map(({ startAtMs, durationMs }) => startAtMs + durationMs));
  const fromMs = edgeMs - Math.max(windowMs, 1000 * targetSeconds * SEGMENTS_MIN);
  const first = listed.findIndex(
    ({ startAtMs, durationMs, media }) => media !== undefined && startAtMs + durationMs > fromMs,
  );
  return first === -1 ? [] : listed.slice(first);
}

/** What `stream.m3u8` is: a list of one list. */
export function streamPlaylist(name: string, bitsPerSecond: number): string {
  return ['#EXTM3U', `#EXT-X-STREAM-INF:BANDWIDTH=${Math.max(1, Math.round(bitsPerSecond))}`, name, ''].join(
    '\n',
  );
}
