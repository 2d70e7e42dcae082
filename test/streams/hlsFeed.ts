import { type ListedSegment, type ListName, packaged, SEGMENT_MAX_MS } from './hlsSegments.ts';
import type { SentTag } from './media.ts';
import { isSoundApart, type Story } from './story.ts';

const WINDOW_SEGMENTS = 6;
/** Who has looked at the playlist for the first time has had time to begin. */
const OUTAGE_AFTER_MS = SEGMENT_MAX_MS;
/** So much less than what the playlist reaches back that nothing leaves it unseen. */
const OUTAGE_MS = 1_500;
const PART_TARGET = 0.25;

/** The playlist that a player is given. */
export const FIRST_LIST = 'generated.m3u8';
const MASTER = [
  '#EXTM3U',
  '#EXT-X-VERSION:7',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="main",DEFAULT=YES,AUTOSELECT=YES,URI="sound.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=192x112,CODECS="avc1.42c00b,mp4a.40.2",AUDIO="sound"',
  'picture.m3u8',
  '',
].join('\n');

/** The tags of a story as a live playlist: its window slides in real time from the first look at it on. */
export class HlsFeed {
  /** What was in a playlist that somebody was given: it can be fetched from then on. */
  readonly sent: SentTag[] = [];
  readonly #segments: readonly ListedSegment[];
  readonly #inits: ReadonlyMap<string, Buffer>;
  readonly #outages: { readonly atMs: number; readonly hasCache: boolean }[];
  readonly #listed = new Set<ListedSegment>();
  readonly #isApart: boolean;
  readonly #isFragmented: boolean;
  #beganAtMs: number | undefined;
  /** Of the first segment that was taken. */
  #joinedAt: number | undefined;

  constructor(tags: readonly SentTag[], story: Story) {
    this.#isApart = isSoundApart(story);
    this.#isFragmented = story.fragmented !== undefined;
    this.#segments = packaged(tags, story);
    this.#inits = new Map(this.#segments.flatMap(({ init }) => (init ? [[init.name, init.body]] : [])));
    this.#outages = story.happenings.flatMap((one) => (one.kind === 'cut' ? [one] : []));
  }

  /** How it answers at present: a server that fails refuses, or hangs up. */
  get state(): 'up' | 'failing' | 'hangingUp' {
    const nowMs = this.#nowMs();
    const outage = this.#outages.find(({ atMs }) => {
      const sinceMs = nowMs - atMs - OUTAGE_AFTER_MS;
      return sinceMs >= 0 && sinceMs < OUTAGE_MS;
    });
    if (outage === undefined) return 'up';
    return outage.hasCache ? 'failing' : 'hangingUp';
  }

  file(name: string): Buffer | string | undefined {
    if (name === FIRST_LIST) return this.#isApart ? MASTER : this.#playlist('all');
    if (name === 'picture.m3u8') return this.#playlist('picture');
    if (name === 'sound.m3u8') return this.#playlist('sound');
    const found = this.#segments.find((segment) => segment.name === name);
    if (found !== undefined && found.list !== 'sound') this.#join(found.place);
    return found?.body ?? this.#inits.get(name);
  }

  /** Who begins near the live edge does not ask for what is before: late, on a busy machine, after the first look. */
  #join(place: number): void {
    if (this.#joinedAt !== undefined) return;
    this.#joinedAt = place;
    const gone = new Set(this.#segments.filter((one) => one.place < place).flatMap(({ tags }) => tags));
    this.sent.splice(0, this.sent.length, ...this.sent.filter((tag) => !gone.has(tag)));
  }

  #playlist(list: ListName): string {
    const nowMs = this.#nowMs();
    const all = this.#segments.filter((segment) => segment.list === list);
    const there = all.filter(({ thereAtMs }) => thereAtMs <= nowMs);
    const run = there.slice(
      Math.max(
        0,
        there.findLastIndex(({ isRestart }) => isRestart),
      ),
    );
    const sequence = Math.max(0, run.length - WINDOW_SEGMENTS);
    const [gone, window] = [run.slice(0, sequence), run.slice(sequence)];
    for (const segment of window) this.#list(segment);
    const next = all[there.length];
    return [
      ...['#EXTM3U', `#EXT-X-VERSION:${this.#isFragmented ? 7 : 3}`],
      `#EXT-X-TARGETDURATION:${SEGMENT_MAX_MS / 1_000}`,
      ...(all.some(({ parts }) => parts.length > 0) ? [`#EXT-X-PART-INF:PART-TARGET=${PART_TARGET}`] : []),
      `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${gone.filter(({ isDiscontinuity }) => isDiscontinuity).length}`,
      ...window.flatMap((segment, i) => entryOf(segment, window[i - 1])),
      ...(next === undefined || next.isRestart ? [] : partsOf(next, nowMs)),
      ...(next === undefined ? ['#EXT-X-ENDLIST'] : []),
      '',
    ].join('\n');
  }

  #list(segment: ListedSegment): void {
    if (this.#listed.has(segment)) return;
    this.#listed.add(segment);
    if (segment.place >= (this.#joinedAt ?? 0)) this.sent.push(...segment.tags);
  }

  /** The first look finds one segment. */
  #nowMs(): number {
    this.#beganAtMs ??= performance.now() - (this.#segments[0]?.thereAtMs ?? 0);
    return performance.now() - this.#beganAtMs;
  }
}

function entryOf(segment: ListedSegment, before: ListedSegment | undefined): string[] {
  const { name, init, beginsAtMs, endsAtMs, isDiscontinuity } = segment;
  return [
    ...(isDiscontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(init !== undefined && init !== before?.init ? [`#EXT-X-MAP:URI="${init.name}"`] : []),
    ...partsOf(segment, Number.POSITIVE_INFINITY),
    `#EXTINF:${((endsAtMs - beginsAtMs) / 1_000).toFixed(3)},`,
    name,
  ];
}

/** What there is of a segment. */
function partsOf({ name, parts }: ListedSegment, nowMs: number): string[] {
  return parts
    .filter(({ endsAtMs }) => endsAtMs <= nowMs)
    .map(({ seconds, bytes, at, hasKeyframe }) => {
      const independent = hasKeyframe ? ',INDEPENDENT=YES' : '';
      return `#EXT-X-PART:DURATION=${seconds},URI="${name}",BYTERANGE="${bytes}@${at}"${independent}`;
    });
}
