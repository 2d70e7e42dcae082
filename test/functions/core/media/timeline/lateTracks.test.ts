import { describe, expect, it } from 'vitest';
import {
  LIVE_TIMELINE,
  STORED_TIMELINE,
} from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { made, offBy, place, SOUND, VIDEO } from './sentSamples.ts';

describe('SourceTimeline, where a track begins after others', () => {
  it.each([0, 2 ** 32])(
    'a track that begins after a jump is on the clock that the others are on: turn %f',
    (turnMs) => {
      // A demuxer that began behind the jump counts the turn of the counter in another way.
      const sent = made(20)
        .filter(({ track, trueMs }) => track === SOUND || trueMs > 5_000)
        .map((one) => {
          const shiftMs = one.trueMs < 4_000 ? 0 : one.track === SOUND ? turnMs - 20_000 : -20_000;
          return { ...one, rawMs: one.rawMs + shiftMs };
        });
      const { placed } = place(sent);
      for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(45);
    },
  );

  it('keeps it in sync where what has come meanwhile is given at once, pictures first', () => {
    const late = made(20).filter(({ track, trueMs }) => track === VIDEO || trueMs >= 5_000);
    const held = late.filter(({ trueMs }) => trueMs >= 5_000 && trueMs < 12_000);
    const { placed } = place([
      ...late.filter(({ trueMs }) => trueMs < 5_000),
      ...held.filter(({ track }) => track === VIDEO).map((one) => ({ ...one, arrivedAtMs: 12_000 })),
      ...held.filter(({ track }) => track === SOUND).map((one) => ({ ...one, arrivedAtMs: 12_000 })),
      ...late.filter(({ trueMs }) => trueMs >= 12_000),
    ]);
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(0.02);
  });

  it.each([LIVE_TIMELINE, STORED_TIMELINE])(
    'follows sound that goes back by less than a second before pictures do: $aheadMaxMs',
    (options) => {
      for (const byMs of [-600, -800, -950]) {
        const sent = made(12)
          .filter(({ track, trueMs }) => track === SOUND || trueMs < 4_000 || trueMs >= 4_200)
          .map((one) => ({ ...one, rawMs: one.rawMs + (one.trueMs < 4_000 ? 0 : byMs) }));
        const { placed, jumps } = place(sent, options);
        for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(45);
        expect(jumps).toHaveLength(1);
      }
    },
  );
});
