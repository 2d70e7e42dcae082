import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TILES_MAX, TileChoice, WAITING_MAX } from '../../../../functions/core/pictures/choice.ts';

/** Keyframes as a source sends them, and now and then all that wait are decoded. */
const stories = fc.record({
  gopMs: fc.integer({ min: 1_000, max: 60_000 }),
  keyframes: fc.integer({ min: 1, max: 500 }),
  batchMs: fc.integer({ min: 10_000, max: 300_000 }),
  undecodable: fc.integer({ min: 2, max: 50 }),
});

function play({
  gopMs,
  keyframes,
  batchMs,
  undecodable,
}: typeof stories extends fc.Arbitrary<infer T> ? T : never) {
  const choice = new TileChoice<number, string>();
  let decoded = 0;
  let batchAtMs = 0;
  const most = { tiles: 0, waiting: 0 };
  for (let number = 0; number < keyframes; number++) {
    const atMs = number * gopMs;
    if (choice.wants(atMs)) choice.add(atMs, number);
    most.waiting = Math.max(most.waiting, choice.waiting.length);
    most.tiles = Math.max(most.tiles, choice.tiles.length);
    if (atMs - batchAtMs < batchMs) continue;
    batchAtMs = atMs;
    const all = choice.waiting.map(({ keyframe }) => keyframe);
    decoded += all.length;
    choice.decoded(
      new Map(
        all.map((keyframe) => [keyframe, keyframe % undecodable === 1 ? undefined : `picture ${keyframe}`]),
      ),
    );
  }
  return { choice, decoded, most, durationMs: keyframes * gopMs };
}

describe('the keyframes of a storyboard', () => {
  it('are never too many, in order, begin with the first, and cover the whole part evenly', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { choice, most, durationMs } = play({ ...story, undecodable: Number.MAX_SAFE_INTEGER });
        expect(most.waiting).toBeLessThanOrEqual(WAITING_MAX);
        expect(most.tiles).toBeLessThanOrEqual(TILES_MAX);
        const times = choice.tiles.map(({ atMs }) => atMs);
        expect(times[0]).toBe(0);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        // Of a minute there are some, of a day there is no long hole.
        const widest = Math.max(
          ...[...times, durationMs].map((atMs, place) => atMs - (times[place - 1] ?? 0)),
        );
        const batches = Math.max(1, durationMs / story.batchMs);
        const evenMs = Math.max(
          durationMs / TILES_MAX,
          durationMs / batches / WAITING_MAX,
          30_000,
          story.gopMs,
        );
        expect(widest).toBeLessThanOrEqual(4 * evenMs + story.gopMs);
      }),
    );
  });

  it('become pictures, and what cannot be decoded becomes nothing', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { choice } = play(story);
        for (const { atMs, keyframe, picture } of choice.tiles) {
          const number = Math.round(atMs / story.gopMs);
          expect(keyframe ?? number).toBe(number);
          if (keyframe === undefined) expect(picture).toBe(`picture ${number}`);
        }
      }),
    );
  });

  it('cost a bounded number of decoded ones: two a minute at most, but for the first ones', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { decoded, durationMs } = play(story);
        expect(decoded).toBeLessThanOrEqual(WAITING_MAX + 1 + (2.1 * durationMs) / 60_000);
      }),
    );
  });

  it('are a few of a recording of seconds as well', () => {
    const choice = new TileChoice<number, string>();
    for (const atMs of [0, 480, 1_000, 1_500, 1_960, 3_000]) if (choice.wants(atMs)) choice.add(atMs, atMs);
    expect(choice.tiles.map(({ atMs }) => atMs)).toEqual([0, 1_000, 1_960, 3_000]);
  });
});
