import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Jump } from '../../../../../functions/core/media/timeline/epochs.ts';
import { LateBeginnings } from '../../../../../functions/core/media/timeline/lateBeginnings.ts';
import type { RawTime } from '../../../../../functions/core/media/timeline/sampleTimes.ts';
import { SentClocks, type SentTime } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { SentOrder } from '../../../../../functions/core/media/timeline/sentOrder.ts';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { type SentTag, tagsOf, VIDEO } from '../../../../streams/media.ts';
import { isPlaylist, type Story, storyOf } from '../../../../streams/story.ts';
import { astray, media, type PlacedTag, STREAM_MS, SYNC_MS, timeOf, worstMs } from './sentStories.ts';

/** While ffmpeg looks at MPEG-TS, nothing of it comes. */
const LOOKED_AT_MS = 3_000;
const SENT_HZ = 90_000;
const RECORDED_HZ = 44_100;
const SYNC_IN_BURSTS_MS = 200;
const STORIES = 300;
const PIECE_MS = 500;
/** Longer than any sample is on its way. */
const OVER_MS = 2 * STREAM_MS;

const kindOf = ({ kind }: SentTag): SentTime['kind'] => (kind === VIDEO ? 'video' : 'audio');

/** By the time at which samples were made: how long their pipe keeps them, in ms, for each piece of the stream. */
interface Delays {
  readonly video: readonly number[];
  readonly audio: readonly number[];
}

const delaysArb = (maxMs: number): fc.Arbitrary<Delays> => {
  const length = STREAM_MS / PIECE_MS + 1;
  const pieces = fc.array(fc.integer({ min: 0, max: maxMs }), { minLength: length, maxLength: length });
  return fc.record({ video: pieces, audio: pieces });
};

/** Joined again, a source has a timeline of its own. */
const isOfOneConnection = ({ format, happenings }: Story): boolean =>
  !isPlaylist(format) && happenings.every(({ kind }) => kind !== 'cut');

interface Come {
  readonly tag: SentTag;
  readonly atMs: number;
}

interface Waiting {
  readonly tag: SentTag;
  /** By the order in which they were sent, once that is known. */
  readonly time?: RawTime | undefined;
}

/** As tags come out of ffmpeg through two pipes. */
function comes(tags: readonly SentTag[], format: Story['format'], delays: Delays): Come[] {
  const last = { video: 0, audio: 0 };
  const all = tags.map((tag): Come => {
    const kind = kindOf(tag);
    const givenAtMs = Math.max(format === 'ts' ? LOOKED_AT_MS : 0, tag.trueMs);
    const delayMs = delays[kind][Math.floor(tag.trueMs / PIECE_MS)] ?? 0;
    last[kind] = Math.max(last[kind], givenAtMs + delayMs);
    return { tag, atMs: last[kind] };
  });
  return all.toSorted((one, other) => one.atMs - other.atMs);
}

function placed(story: Story, delays: Delays): { tags: PlacedTag[]; jumps: Jump[] } {
  const sent = tagsOf(media, story).filter(({ isHeader }) => !isHeader);
  const clocks = new SentClocks(LIVE_TIMELINE);
  const order = new SentOrder(clocks);
  const timeline = new SourceTimeline({ ...LIVE_TIMELINE, connectedAtMs: 0 });
  const late = new LateBeginnings<Waiting>(timeline);
  const toReceive = [...sent];
  const tags: PlacedTag[] = [];
  const raw = (tag: SentTag): RawTime => timeOf(tag, story.format, RECORDED_HZ);
  const ordered = ({ tag, time }: Waiting): Waiting => ({
    tag,
    time: time ?? order.ordered(raw(tag), kindOf(tag)),
  });
  const orderedLate = (held: Waiting): Waiting => {
    const one = ordered(held);
    if (held.time === undefined && one.time !== undefined)
      timeline.willBegin(one.time.track, (one.time.dts * 1_000) / one.time.timescale);
    return one;
  };
  const place = ({ tag, time = raw(tag) }: Waiting, nowMs: number): void => {
    const { dts } = timeline.place(time, nowMs);
    tags.push({ ...tag, offMs: (dts * 1_000) / time.timescale - tag.trueMs });
  };
  for (const { tag, atMs } of comes(sent, story.format, delays)) {
    for (let next = toReceive[0]; next !== undefined && next.trueMs <= atMs; next = toReceive[0]) {
      toReceive.shift();
      clocks.see({ kind: kindOf(next), ...timeOf(next, story.format, SENT_HZ) }, next.trueMs);
    }
    const waiting = ordered({ tag });
    if (late.holds(waiting.time ?? raw(tag), atMs)) late.hold(String(tag.kind), waiting);
    else place(waiting, atMs);
    for (const one of late.release(atMs)) place(orderedLate(one), atMs);
  }
  for (const one of late.release(OVER_MS, true)) place(orderedLate(one), OVER_MS);
  return { tags, jumps: [...order.takeJumps()] };
}

const byTag = (tags: readonly PlacedTag[]): PlacedTag[] =>
  tags.toSorted((one, other) => one.kind - other.kind || one.trueMs - other.trueMs);

describe('SentOrder, over streams made at random whose sound comes through a pipe of its own', () => {
  it.each([30, 300, 1_200])(
    'keeps sound and pictures together, however late one of them is: %i ms',
    (maxMs) => {
      const draws = fc.sample(delaysArb(maxMs), { numRuns: STORIES, seed: maxMs });
      const faults = draws.flatMap((delays, seed) => {
        const story = storyOf(seed);
        if (!isOfOneConnection(story)) return [];
        const syncMs = story.happenings.some(({ kind }) => kind === 'bursts') ? SYNC_IN_BURSTS_MS : SYNC_MS;
        const { tags } = placed(story, delays);
        return worstMs(tags) > syncMs || astray(tags).length > 0 ? [story] : [];
      });
      expect(faults).toEqual([]);
    },
  );

  it('has the same result, whichever pipe gives its samples first', () => {
    fc.assert(
      fc.property(fc.nat(20_000), delaysArb(300), (seed, delays) => {
        const story = storyOf(seed);
        fc.pre(isOfOneConnection(story));
        const none = { video: [], audio: [] };
        const [one, other] = [placed(story, delays), placed(story, none)];
        expect(byTag(one.tags)).toEqual(byTag(other.tags));
        expect(one.jumps).toEqual(other.jumps);
      }),
      { numRuns: 60 },
    );
  });
});
