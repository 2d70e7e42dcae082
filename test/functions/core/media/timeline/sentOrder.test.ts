import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Jump } from '../../../../../functions/core/media/timeline/epochs.ts';
import { LateBeginnings } from '../../../../../functions/core/media/timeline/lateBeginnings.ts';
import type { RawTime } from '../../../../../functions/core/media/timeline/sampleTimes.ts';
import { SentClocks, type SentTime } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { SentOrder } from '../../../../../functions/core/media/timeline/sentOrder.ts';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { AUDIO, type SentTag, tagsOf, VIDEO } from '../../../../streams/media.ts';
import { isPlaylist, type Story, storyOf } from '../../../../streams/story.ts';
import { astray, media, type PlacedTag, STREAM_MS, SYNC_MS, timeOf, worstMs } from './sentStories.ts';

/** While ffmpeg looks at MPEG-TS, nothing of it comes. */
const LOOKED_AT_MS = 3_000;
const SENT_HZ = 90_000;
const RECORDED_HZ = 44_100;
const SYNC_IN_BURSTS_MS = 200;
const STORIES = 300;
/** What goes on right there may be the last of what is encoded, which lies across. */
const TAKEN_FOR_LAST = 2;
const TURN_MS = 2 ** 33 / 90;
const FRAMES_MS = { video: 40, audio: 1_024 / 44.1 };
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

/**
 * What ffmpeg (5.1, 7.1) adds to the times of MPEG-TS, in ms: a step from near the counter's end to near its beginning is a
 * turn to it, and what follows goes on right there; so do other tracks from then on. It counts pictures below zero.
 */
function addedByFfmpeg(tags: readonly SentTag[]): Map<SentTag, number> {
  const next = new Map<number, number>();
  let addedMs = 0;
  return new Map(
    tags.map((tag) => {
      const { dts, timescale } = timeOf(tag, 'ts');
      const sentMs = (dts * 1_000) / timescale;
      const turnsMs = tag.kind === VIDEO && sentMs > TURN_MS / 2 ? -TURN_MS : 0;
      const cameMs = sentMs + turnsMs + addedMs;
      const deltaMs = cameMs - (next.get(tag.kind) ?? cameMs);
      if (Math.abs(deltaMs + TURN_MS) < Math.abs(deltaMs) / 10) addedMs -= deltaMs;
      const outMs = sentMs + turnsMs + addedMs;
      next.set(tag.kind, outMs + FRAMES_MS[tag.kind === VIDEO ? 'video' : 'audio']);
      return [tag, outMs - sentMs];
    }),
  );
}

function placed(
  story: Story,
  delays: Delays,
  added: (sent: readonly SentTag[]) => Map<SentTag, number> = () => new Map(),
): { tags: PlacedTag[]; jumps: Jump[] } {
  const sent = tagsOf(media, story).filter(({ isHeader }) => !isHeader);
  const clocks = new SentClocks(LIVE_TIMELINE);
  const order = new SentOrder(clocks);
  const timeline = new SourceTimeline({ ...LIVE_TIMELINE, connectedAtMs: 0 });
  const late = new LateBeginnings<Waiting>(timeline, undefined, ({ track }) =>
    order.isUntold(track === String(VIDEO) ? 'video' : 'audio'),
  );
  const toReceive = [...sent];
  const tags: PlacedTag[] = [];
  const addedMs = added(sent);
  const raw = (tag: SentTag): RawTime => {
    const time = timeOf(tag, story.format, RECORDED_HZ);
    const by = Math.round(((addedMs.get(tag) ?? 0) * time.timescale) / 1_000);
    return { ...time, dts: time.dts + by };
  };
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
  const place = ({ tag, time: known }: Waiting, nowMs: number): void => {
    const time = known ?? raw(tag);
    const { dts } = timeline.place(time, nowMs, known !== undefined);
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

  it('begins pictures where they belong that come late, while the pipe of the sound is seconds behind', () => {
    const late = { kind: 'late', atMs: 0, what: 'blind', forMs: 3_969, isAnnounced: true } as const;
    const story: Story = { seed: 0, format: 'ts', packager: 'plain', happenings: [late] };
    const pieces = Array.from({ length: STREAM_MS / PIECE_MS + 1 }, (_, i) => i);
    const audio = pieces.map((piece) => Math.min(1_200, 200 + piece * PIECE_MS));
    const { tags } = placed(story, { video: [], audio });
    expect(worstMs(tags)).toBeLessThan(SYNC_MS);
    expect(astray(tags)).toEqual([]);
  });

  it('keeps sound of another publisher for him that is the first to come, in front of pictures of the one before', () => {
    const happenings = [
      { kind: 'late', atMs: 0, what: 'mute', forMs: 2_172, isAnnounced: false },
      { kind: 'anew', atMs: 1_386, awayMs: 1_548 },
    ] as const;
    const story: Story = { seed: 0, format: 'ts', packager: 'plain', happenings };
    const video = Array.from({ length: STREAM_MS / PIECE_MS + 1 }, () => 30);
    const { tags } = placed(story, { video, audio: [] });
    expect(tags.find(({ kind }) => kind === AUDIO)?.offMs).toBeGreaterThan(-SYNC_MS);
    expect(astray(tags)).toEqual([]);
  });

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

  it('puts in order what ffmpeg takes for a turn of the counter: a step to near its beginning', () => {
    const jumpArb = fc.record({
      atMs: fc.integer({ min: 3_600, max: 4_000 }),
      byMs: fc.oneof(
        fc.integer({ min: -60_000, max: -10_200 }),
        fc.integer({ min: -7_200_000, max: -10_200 }),
      ),
    });
    const anewArb = fc.record({
      atMs: fc.integer({ min: 6_000, max: 6_400 }),
      awayMs: fc.constantFrom(0, 1_600),
    });
    fc.assert(
      fc.property(jumpArb, anewArb, delaysArb(300), (jump, anew, delays) => {
        const happenings = [
          { kind: 'jump' as const, ...jump },
          { kind: 'anew' as const, ...anew },
        ];
        const story: Story = { seed: 0, format: 'ts', packager: 'plain', happenings };
        const { tags } = placed(story, delays, addedByFfmpeg);
        for (const kind of [AUDIO, VIDEO]) {
          const off = tags.filter((tag) => tag.kind === kind && Math.abs(tag.offMs) >= SYNC_MS);
          expect(off.length).toBeLessThanOrEqual(TAKEN_FOR_LAST);
        }
      }),
      { numRuns: 60 },
    );
  });
});
