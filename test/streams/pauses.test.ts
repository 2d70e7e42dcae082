import { describe, expect, it } from 'vitest';
import { AUDIO, type SentTag } from './media.ts';
import { behindUntoldPauses, sentLength } from './pauses.ts';

const FRAME_MS = 20;

/**
 * Sound until the first of these times, and from the second on for 200 ms.
 * @param lateMs what is written behind the pause is late
 */
function sound(untilMs: number, fromMs: number, isAnew: boolean, lateMs = 0, isCut = false): SentTag[] {
  return Array.from({ length: (fromMs + 200) / FRAME_MS }, (_, i) => i * FRAME_MS)
    .filter((ms) => ms < untilMs || ms >= fromMs)
    .map((trueMs) => {
      const isBehind = trueMs >= fromMs;
      return {
        kind: AUDIO,
        atMs: isBehind && isAnew ? trueMs - fromMs : trueMs,
        body: Buffer.alloc(0),
        trueMs,
        isHeader: false,
        isKeyframe: false,
        variant: 'first',
        epoch: isBehind && isAnew ? 1 : 0,
        publisher: 0,
        written: {
          atMs: isBehind ? Math.max(trueMs, fromMs + lateMs) : trueMs,
          connection: isBehind && isCut ? 1 : 0,
        },
      };
    });
}

describe('how long what was sent lasts', () => {
  it('has pauses as long as they were planned where times tell them, however late it was written', () => {
    const { leastMs, mostMs } = sentLength(sound(1_000, 2_500, false, 900), false, FRAME_MS);
    expect([leastMs, mostMs]).toEqual([2_700, 2_700]);
  });

  it('has them as long as they were, or were to be, where only the clock does', () => {
    const { leastMs, mostMs } = sentLength(sound(1_000, 2_500, true, 900), false, FRAME_MS);
    expect([leastMs, mostMs]).toEqual([2_700, 3_600]);
  });

  it.each([false, true])(
    'over a cut, at most as long as they were: by another clock behind it: %s',
    (isAnew) => {
      const { leastMs, mostMs } = sentLength(sound(1_000, 2_500, isAnew, 900, true), false, FRAME_MS);
      expect([leastMs, mostMs]).toEqual([2_700, 3_600]);
    },
  );

  it('also where none was planned', () => {
    const { leastMs, mostMs } = sentLength(sound(1_000, 1_000, true, 1_500), false, FRAME_MS);
    expect([leastMs, mostMs]).toEqual([1_180, 2_700]);
  });

  it('may be without a pause that networks may have kept', () => {
    const { leastMs, mostMs } = sentLength(sound(1_000, 1_800, true), false, FRAME_MS);
    expect([leastMs, mostMs]).toEqual([1_180, 2_000]);
  });

  it('is without all that is in no part', () => {
    const { leastMs, mostMs } = sentLength(sound(1_000, 2_500, false), true, FRAME_MS);
    expect([leastMs, mostMs]).toEqual([1_180, 2_700]);
  });
});

describe('a pause whose length nobody tells', () => {
  it.each([
    ['is one behind which times are set anew', 2_500, true, [2_500]],
    ['is none within the same times', 2_500, false, []],
    ['is none where nothing was missing', 1_000, true, []],
  ])('%s', (_what, fromMs, isAnew, expected) => {
    expect(behindUntoldPauses(sound(1_000, fromMs, isAnew))).toEqual(expected);
  });
});
