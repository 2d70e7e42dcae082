import { describe, expect, it } from 'vitest';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import {
  LIVE_TIMELINE,
  STORED_TIMELINE,
} from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { made, offBy, place, type Sent, SOUND, VIDEO } from './sentSamples.ts';

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

  it('that is stored is on the clock that others have come to, and not behind them on one that they have left', () => {
    const [ANEW_MS, SEGMENT_MS, PICTURES_MS] = [1_280, 3_600, 4_400];
    const anew = made(6).map((one) =>
      one.trueMs < ANEW_MS ? one : { ...one, rawMs: one.rawMs - ANEW_MS, arrivedAtMs: one.trueMs },
    );
    const heard = anew.filter(({ track, trueMs }) => track === SOUND && trueMs < SEGMENT_MS);
    const shown = anew.filter(({ track, trueMs }) => track === VIDEO && trueMs >= PICTURES_MS);
    const { placed } = place([...heard, ...shown], STORED_TIMELINE);
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(45);
  });

  it('that is stored, and seems to begin a little behind others, may be of a clock that those come to', () => {
    const timeline = new SourceTimeline(STORED_TIMELINE);
    for (let ms = 0; ms < 1_200; ms += 20) timeline.place({ track: SOUND, dts: ms, timescale: 1_000 }, 0);
    expect(timeline.mayBeAnew({ track: VIDEO, dts: 780, timescale: 1_000 }, 0)).toBe(true);
    expect(timeline.mayBeAnew({ track: VIDEO, dts: 1_080, timescale: 1_000 }, 0)).toBe(false);
  });

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

  it('keeps it in sync after a silence whose last sound was held back, where the clock had been set anew', () => {
    const anewMs = 1_400;
    const lastMs = 3_880;
    const picturesMs = 5_240;
    const sent = made(9)
      .filter(({ track, trueMs }) =>
        track === VIDEO ? trueMs >= picturesMs : trueMs < lastMs || trueMs > 5_700,
      )
      .map((one) => ({ ...one, rawMs: one.trueMs < anewMs ? one.rawMs : one.rawMs - anewMs }));
    const last = sent.findLast(({ track, trueMs }) => track === SOUND && trueMs < lastMs);
    const { placed } = place(
      sent.map((one) => (one === last ? { ...one, arrivedAtMs: picturesMs - 800 } : one)),
    );
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(45);
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

  it.each([
    ['far', 3_760],
    ['less than a second', 1_080],
  ])('a track that is the first on a new clock is on it with those that follow: %s behind', (_, anewMs) => {
    // The publisher begins anew; his pictures wait for a keyframe, and sound is there for the first time.
    const sent = made(12)
      .filter(({ track, trueMs }) =>
        track === VIDEO ? trueMs < anewMs || trueMs >= anewMs + 400 : trueMs >= anewMs + 40,
      )
      .map((one) => ({ ...one, rawMs: one.trueMs < anewMs ? one.rawMs : one.rawMs - anewMs }));
    const { placed } = place(sent);
    const settled = placed.filter(({ trueMs }) => trueMs >= anewMs + 600);
    const offs = settled.map(offBy);
    expect(Math.max(...offs) - Math.min(...offs)).toBeLessThan(0.02);
  });

  describe('sound that comes two seconds after its pictures', () => {
    const LATE_BY_MS = 2_000;
    const sent = made(20)
      .filter(({ track, trueMs }) => track === VIDEO || trueMs >= 3_000)
      .map((one) => ({ ...one, arrivedAtMs: one.trueMs + (one.track === SOUND ? LATE_BY_MS : 0) }))
      .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs);

    it("stays on the pictures' clock when that is set anew", () => {
      const anewMs = 9_000;
      const { placed } = place(
        sent.map((one) => ({ ...one, rawMs: one.trueMs < anewMs ? one.rawMs : one.rawMs - anewMs })),
      );
      for (const one of placed.filter(({ trueMs }) => trueMs < anewMs))
        expect(Math.abs(offBy(one))).toBeLessThan(0.02);
    });

    it('stays on it when a single picture is stamped as late', () => {
      const strayMs = 7_000;
      const isStray = ({ track, trueMs }: Sent): boolean => track === VIDEO && trueMs === strayMs;
      const { placed } = place(
        sent.map((one) => (isStray(one) ? { ...one, rawMs: one.rawMs - LATE_BY_MS } : one)),
      );
      for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(0.02);
    });
  });
});
