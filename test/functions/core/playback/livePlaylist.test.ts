import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  joinedFrom,
  joinOf,
  type LiveItem,
  type LivePart,
  listedItem,
} from '../../../../functions/core/playback/liveItems.ts';
import { goesOnWith } from '../../../../functions/core/playback/livePictures.ts';
import {
  livePlaylist,
  type NumberedItem,
  readLiveName,
  streamPlaylist,
} from '../../../../functions/core/playback/livePlaylist.ts';
import { liveJoinSchema } from '../../../../functions/core/state/objects.ts';
import { itemsOf, options, parsed, type Step, step, TARGET_SECONDS, ZERO_MS } from './liveLists.ts';

describe('a live list', () => {
  it('stays itself, whatever comes, is lost, pauses or begins anew, and whoever makes it', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1_000, max: 120_000 }),
        (steps, windowMs) => {
          const items = itemsOf(steps);
          const known = new Map<number, string>();
          let last = 0;
          for (let count = 1; count <= items.length; count++) {
            // One that was not there from the beginning has what a list still needs.
            const from = Math.max(
              0,
              items.findIndex(({ item, part }) => {
                const edge = items[count - 1] as NumberedItem;
                const edgeMs = edge.part.startTimeMs + edge.item.endMs;
                return part.startTimeMs + item.endMs > edgeMs - windowMs - 60_000;
              }),
            );
            const hasEnded = count === items.length;
            const list = livePlaylist(items.slice(0, count), { ...options, windowMs, hasEnded });
            expect(livePlaylist(items.slice(from, count), { ...options, windowMs, hasEnded })).toBe(list);
            const { sequence, targetSeconds: target, segments, hasEnded: isOver } = parsed(list);
            expect([target, isOver]).toEqual([TARGET_SECONDS, hasEnded]);
            expect(sequence).toBeGreaterThanOrEqual(last);
            last = sequence;
            for (const [number, text] of segments) {
              expect(known.get(number) ?? text).toBe(text);
              known.set(number, text);
            }
          }
        },
      ),
    );
  });

  it('says how long what is missing would have lasted, in segments of their own', () => {
    const items = itemsOf([
      { lastsMs: 2_000, pauseMs: 0, newPart: false, isLost: false, isPlayed: true },
      { lastsMs: 7_000, pauseMs: 0, newPart: false, isLost: false, isPlayed: true },
      { lastsMs: 3_000, pauseMs: 0, newPart: false, isLost: true, isPlayed: true },
      { lastsMs: 2_000, pauseMs: 1_000, newPart: false, isLost: false, isPlayed: true },
    ]);
    const list = livePlaylist(items, { ...options, windowMs: 60_000 });
    const lasts = [...list.matchAll(/#EXTINF:([\d.]+),\n#(EXT-X-GAP|EXT)/g)].map(([, seconds, kind]) =>
      kind === 'EXT-X-GAP' ? -Number(seconds) : Number(seconds),
    );
    // A fragment of 7 s is longer than a segment may be; the rest of it, what was lost and the pause have none.
    expect(lasts[0]).toBe(2);
    expect(lasts[1]).toBe(3);
    expect(lasts.at(-1)).toBe(2);
    const gaps = lasts.slice(2, -1);
    expect(gaps.every((seconds) => seconds < 0)).toBe(true);
    expect(gaps.reduce((sum, seconds) => sum - seconds, 0)).toBeCloseTo(8, 2);
  });

  it('names what is of another container as missing', () => {
    const [first, second] = itemsOf([
      { lastsMs: 2_000, pauseMs: 0, newPart: false, isLost: false, isPlayed: true },
      { lastsMs: 2_000, pauseMs: 0, newPart: true, isLost: false, isPlayed: true },
    ]) as [NumberedItem, NumberedItem];
    const other = { ...second, part: { ...second.part, format: 'ts' } };
    const list = livePlaylist([first, other], { ...options, windowMs: 60_000 });
    expect(list.endsWith('#EXTINF:2.000,\n#EXT-X-GAP\ngap.m4s\n')).toBe(true);
  });

  it('has names that say where a segment is, and nothing else is one', () => {
    expect(readLiveName('1-42-0.m4s')).toEqual({ attempt: 1, object: 42, place: 0, cutBytes: 0 });
    expect(readLiveName('12-1-3.ts')).toEqual({ attempt: 12, object: 1, place: 3, cutBytes: 0 });
    expect(readLiveName('2-7-1-4096.m4s')).toEqual({ attempt: 2, object: 7, place: 1, cutBytes: 4096 });
    for (const name of [
      'gap.m4s',
      '0-1-0.m4s',
      '1-1.m4s',
      '1-1-0.mp4',
      '1-1-0.m4s/..',
      '../1-1-0.m4s',
      '1-1--1.ts',
      '1-1-0-0.m4s',
      '1-1-0-1-1.m4s',
    ])
      expect(readLiveName(name)).toBeUndefined();
  });

  it('is led to by a list with a bit rate', () => {
    expect(streamPlaylist('live.m3u8', 0.4)).toBe('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n');
  });
});

describe('an attempt that goes on after another one', () => {
  const second = (lastsMs: number): Step => ({
    lastsMs,
    pauseMs: 0,
    newPart: false,
    isLost: false,
    isPlayed: true,
  });
  const link = { attempt: 1, sequence: 0, discontinuity: 0, fromSequence: 0 };

  it.each([0, -60_000, 60_000])(
    'comes behind all that the earlier one has, once that can be no more, whatever their clocks say (%i ms apart)',
    (skewMs) => {
      const earlier = itemsOf([second(2_000), second(2_000), second(2_000)]);
      const later = itemsOf([second(2_000)], 2, ZERO_MS + 3_500 + skewMs);
      expect(joinOf({ link, items: earlier, hasEnded: false }, 2, later)).toBeUndefined();
      const joined = { attempt: 2, after: 1, endSequence: 3, sequence: 3, discontinuity: 1, fromSequence: 0 };
      expect(joinOf({ link, items: earlier, hasEnded: true }, 2, later)).toEqual(joined);
    },
  );

  it('comes behind one that has said nothing for ten seconds of its own', () => {
    const earlier = { link, items: itemsOf([second(2_000), second(2_000)]), hasEnded: false };
    const later = (count: number) =>
      itemsOf(
        Array.from({ length: count }, () => second(2_000)),
        2,
        ZERO_MS + 3_500,
      );
    expect(joinOf(earlier, 2, later(4))).toBeUndefined();
    expect(joinOf(earlier, 2, later(6))).toMatchObject({ sequence: 2 });
  });

  it('has the next number with whichever of its segments it comes in, and a join of before is of all of them', () => {
    const earlier = { link, items: itemsOf([second(2_000)]), hasEnded: true };
    const later = itemsOf([second(2_000), { ...second(2_000), pauseMs: 900 }, second(2_000)], 2);
    const join = joinOf(earlier, 2, later);
    const { item } = later[2] as NumberedItem;
    if (join === undefined) throw new Error('there is no join');
    const from = joinedFrom(join, item);
    expect(from).toMatchObject({ sequence: -1, discontinuity: 0, fromSequence: 2 });
    expect([from.sequence + item.sequence, from.discontinuity + item.discontinuity]).toEqual([1, 1]);
    expect(liveJoinSchema.parse(from)).toEqual(from);
    const { fromSequence: _, ...old } = join;
    expect(liveJoinSchema.parse(old)).toEqual(join);
  });

  it('comes in with its last keyframe that leaves out no picture, by the sizes of what both have', () => {
    /** Pictures of 100 ms from one of the source's on, ten to a fragment; each has a size of its own. */
    const pictured = (
      from: number,
      segments: number,
      { skewMs = 0, gop = 10, sizes = 1_000, fragments = 1 } = {},
    ) =>
      itemsOf(
        Array.from({ length: segments }, () => second(1_000 * fragments)),
        2,
      ).map(({ item }, n) => ({
        item,
        fragments: Array.from({ length: fragments }, (_, m) => {
          const first = 10 * (fragments * n + m);
          const pictures = Array.from({ length: 10 }, (__, place) => {
            const picture = from + first + place;
            const bytes = 50 + ((picture * 37) % sizes);
            return { bytes, sync: picture % gop === 0, startMs: ZERO_MS + skewMs + 100 * picture };
          });
          return { bytesBefore: 40 * m, startMs: 100 * first, pictures };
        }),
      }));
    const picturesOf = (of: ReturnType<typeof pictured>) =>
      of.flatMap(({ fragments }) => fragments.flatMap(({ pictures }) => pictures));
    const earlier = picturesOf(pictured(0, 4));
    const sequenceOf = (later: ReturnType<typeof pictured>, before = earlier) => {
      const found = goesOnWith(before, later);
      return typeof found === 'object' ? found.sequence : found;
    };
    for (const skewMs of [0, -60_000, 60_000]) expect(sequenceOf(pictured(20, 4, { skewMs }))).toBe(2);
    // It ends in the middle of a segment: what that has before is shown twice, and nothing is left out.
    expect(sequenceOf(pictured(20, 4), earlier.slice(0, 35))).toBe(1);
    // Decoding cannot begin with the segment that comes next.
    const long = picturesOf(pictured(0, 4, { gop: 20 }));
    expect(sequenceOf(pictured(20, 4, { gop: 20 }), long.slice(0, 35))).toBe(0);
    expect(sequenceOf(pictured(20, 2))).toBe('awaited');
    // Another stream, or a picture that stays the same.
    expect(sequenceOf(pictured(70, 4))).toBeUndefined();
    const still = picturesOf(pictured(0, 4, { sizes: 1 }));
    expect(sequenceOf(pictured(20, 4, { sizes: 1 }), still)).toBeUndefined();
    expect(sequenceOf([])).toBeUndefined();
    // Of a segment of two fragments no more is shown twice than the one in whose middle the earlier attempt ends.
    const later = pictured(10, 3, { fragments: 2 });
    const cut = goesOnWith(earlier.slice(0, 27), later);
    if (typeof cut !== 'object') throw new Error('they have the same pictures');
    const whole = later[0]?.item as LiveItem;
    expect(cut).toEqual({
      ...{ ...whole, startMs: 1_000, keyframe: true, cutBytes: 40 },
      ...{ firstByte: whole.firstByte + 40, bytes: whole.bytes - 40 },
    });
    const join = joinOf(
      { link, items: itemsOf([second(2_000)]), hasEnded: true },
      2,
      itemsOf([second(2_000)], 2),
    );
    if (join === undefined) throw new Error('there is no join');
    const from = liveJoinSchema.parse(joinedFrom(join, cut));
    expect(listedItem(from, whole)).toEqual(cut);
    const part: LivePart = { part: 2, startTimeMs: ZERO_MS, format: 'mp4' };
    const numbered = [{ item: cut, part, sequence: 1, discontinuity: 1 }];
    const list = livePlaylist(numbered, { ...options, windowMs: 60_000 });
    const { firstByte, bytes } = cut;
    expect(list).toContain(`#EXTINF:1.000,\n#EXT-X-BYTERANGE:${bytes}@${firstByte}\n2-1-0-40.m4s\n`);
  });

  it('takes numbers that nobody can have had where nothing of an earlier one is known', () => {
    const items = itemsOf([second(2_000)], 3);
    const join = joinOf(undefined, 3, items);
    expect(join?.sequence).toBeGreaterThan(1_300_000 * 2);
    expect(join).toMatchObject({ attempt: 3, after: 0 });
  });
});
