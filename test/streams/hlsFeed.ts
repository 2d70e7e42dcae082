import { AUDIO, type SentTag } from './media.ts';
import type { Story } from './story.ts';
import { TsWriter } from './writers.ts';

const SEGMENT_MS = 1_200;
/** Where no keyframe comes, a segment ends with any sound. */
const SEGMENT_MAX_MS = 2 * SEGMENT_MS;
const FRAME_MS = 40;
const WINDOW_SEGMENTS = 6;
/** Who has looked at the playlist for the first time has had time to begin. */
const OUTAGE_AFTER_MS = SEGMENT_MAX_MS;
/** So much less than what the playlist reaches back that nothing leaves it unseen. */
const OUTAGE_MS = 1_500;

interface Segment {
  readonly tags: SentTag[];
  readonly isDiscontinuity: boolean;
  /** The playlist begins again with it. */
  readonly isRestart: boolean;
}

interface ListedSegment extends Segment {
  readonly name: string;
  readonly body: Buffer;
  readonly beginsAtMs: number;
  readonly endsAtMs: number;
}

/** The tags of a story as a live playlist of MPEG-TS: its window slides in real time from the first look at it on. */
export class HlsFeed {
  /** What was in a playlist that somebody was given: it can be fetched from then on. */
  readonly sent: SentTag[] = [];
  readonly #segments: readonly ListedSegment[];
  readonly #outages: { readonly atMs: number; readonly hasCache: boolean }[];
  readonly #listed = new Set<ListedSegment>();
  #beganAtMs: number | undefined;
  #isJoined: boolean = false;

  constructor(tags: readonly SentTag[], story: Story) {
    this.#segments = written(cut(tags, story));
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

  segment(name: string): Buffer | undefined {
    const found = this.#segments.find((segment) => segment.name === name);
    if (found !== undefined && !this.#isJoined) this.#join(found);
    return found?.body;
  }

  /** Who begins near the live edge does not ask for what is before: late, on a busy machine, after the first look. */
  #join(first: ListedSegment): void {
    this.#isJoined = true;
    const place = this.sent.indexOf(first.tags[0] as SentTag);
    this.sent.splice(0, place);
  }

  playlist(): string {
    const nowMs = this.#nowMs();
    const there = this.#segments.filter(({ endsAtMs }) => endsAtMs <= nowMs);
    const run = there.slice(
      Math.max(
        0,
        there.findLastIndex(({ isRestart }) => isRestart),
      ),
    );
    const sequence = Math.max(0, run.length - WINDOW_SEGMENTS);
    const [gone, window] = [run.slice(0, sequence), run.slice(sequence)];
    for (const segment of window) {
      if (this.#listed.has(segment)) continue;
      this.#listed.add(segment);
      this.sent.push(...segment.tags);
    }
    return [
      ...['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${SEGMENT_MAX_MS / 1_000}`],
      `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${gone.filter(({ isDiscontinuity }) => isDiscontinuity).length}`,
      ...window.flatMap(({ name, beginsAtMs, endsAtMs, isDiscontinuity }) => [
        ...(isDiscontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
        `#EXTINF:${((endsAtMs - beginsAtMs) / 1_000).toFixed(3)},`,
        name,
      ]),
      ...(there.length === this.#segments.length ? ['#EXT-X-ENDLIST'] : []),
      '',
    ].join('\n');
  }

  /** The first look finds one segment. */
  #nowMs(): number {
    this.#beganAtMs ??= performance.now() - (this.#segments[0]?.endsAtMs ?? 0);
    return performance.now() - this.#beganAtMs;
  }
}

function cut(tags: readonly SentTag[], { packager }: Story): Segment[] {
  const segments: Segment[] = [];
  let last: SentTag | undefined;
  for (const tag of tags) {
    const sinceMs = tag.trueMs - (segments.at(-1)?.tags[0]?.trueMs ?? 0);
    const isRestart = packager === 'restarting' && last !== undefined && tag.publisher !== last.publisher;
    // Pictures of another size begin with their configuration, which is in front of a keyframe.
    const isOther = last !== undefined && (tag.epoch !== last.epoch || (tag.isHeader && tag.kind !== AUDIO));
    const isDiscontinuity = packager === 'tagging' && isOther;
    const isLong = (tag.isKeyframe && sinceMs >= SEGMENT_MS) || sinceMs >= SEGMENT_MAX_MS;
    if (last === undefined || isRestart || isDiscontinuity || isLong)
      segments.push({ tags: [], isRestart, isDiscontinuity });
    segments.at(-1)?.tags.push(tag);
    last = tag;
  }
  return segments;
}

function written(segments: readonly Segment[]): ListedSegment[] {
  let writer = new TsWriter();
  return segments.map((segment, i) => {
    if (segment.isRestart) writer = new TsWriter();
    const times = segment.tags.map(({ trueMs }) => trueMs);
    return {
      ...segment,
      name: `${i}.ts`,
      body: writer.segment(segment.tags),
      beginsAtMs: Math.min(...times),
      endsAtMs: Math.max(...times) + FRAME_MS,
    };
  });
}
