import { describe, expect, it } from 'vitest';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { expectMonotone, lastOf, made, offBy, place, type Sent, SOUND, VIDEO } from './sentSamples.ts';

const JUMP_MS = 6_000;
const STALL_UNTIL_MS = 7_700;

/** The clock jumps while what comes is not given to the recorder. */
const stalled = (sent: readonly Sent[], byMs: number): Sent[] =>
  sent.map((one) => ({
    ...one,
    rawMs: one.trueMs < JUMP_MS ? one.rawMs : one.rawMs + byMs,
    arrivedAtMs: one.trueMs < JUMP_MS - 100 ? one.arrivedAtMs : Math.max(one.arrivedAtMs, STALL_UNTIL_MS),
  }));

const paused = (ms: number) => ({ ...LIVE_TIMELINE, pausedMs: () => ms });

describe('SourceTimeline, where ffmpeg or the recorder stands still', () => {
  it.each([-JUMP_MS, -3_600_000, 3_600_000])(
    'tells no gap where samples had come all the time: %i',
    (byMs) => {
      const { placed, jumps } = place(stalled(made(12), byMs), paused(0));
      expectMonotone(placed);
      for (const { gapMs } of jumps) expect(gapMs).toBe(0);
      for (const track of [VIDEO, SOUND] as const)
        expect(Math.abs(offBy(lastOf(placed, track)))).toBeLessThan(100);
    },
  );

  it('tells one as long as nothing had come, and not as long as nothing was given to it', () => {
    const sent = made(12).filter(({ trueMs }) => trueMs < JUMP_MS - 1_200 || trueMs >= JUMP_MS);
    const { placed, jumps } = place(stalled(sent, -JUMP_MS), paused(1_200));
    expectMonotone(placed);
    expect(Math.abs((jumps[0]?.gapMs ?? 0) - 1_200)).toBeLessThan(100);
    for (const track of [VIDEO, SOUND] as const)
      expect(Math.abs(offBy(lastOf(placed, track)))).toBeLessThan(100);
  });

  it('keeps a track that was silent before in sync', () => {
    const sent = made(12).filter(
      ({ track, trueMs }) => track === VIDEO || trueMs < 3_000 || trueMs >= JUMP_MS,
    );
    const { placed } = place(stalled(sent, -3_600_000), paused(0));
    expectMonotone(placed);
    const [pictureMs, soundMs] = [VIDEO, SOUND].map((track) => offBy(lastOf(placed, track as never)));
    expect(Math.abs((pictureMs ?? 0) - (soundMs ?? 0))).toBeLessThan(70);
    expect(Math.abs(soundMs ?? 0)).toBeLessThan(100);
  });

  it('goes by the clock alone where nobody knows when samples came', () => {
    const { jumps } = place(stalled(made(12), -3_600_000));
    expect(jumps[0]?.gapMs).toBeGreaterThan(1_500);
  });
});
