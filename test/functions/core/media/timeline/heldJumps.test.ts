import { describe, expect, it } from 'vitest';
import { BACK_MAX_MS } from '../../../../../functions/core/media/timeline/closeClocks.ts';
import { HeldJumps } from '../../../../../functions/core/media/timeline/heldJumps.ts';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import {
  LIVE_TIMELINE,
  STORED_TIMELINE,
} from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { made, type Recorded, record, type Sent, SOUND, VIDEO } from './sentSamples.ts';

const JUMP_MS = 3_200;
/** A publisher who begins anew waits for his keyframe. */
const KEYFRAME_MS = 3_600;

const recordJumps = (
  sent: readonly Sent[],
  options = STORED_TIMELINE,
  inputs = 1,
  tracks = inputs,
): Recorded[] =>
  record(
    sent,
    options,
    (timeline) => {
      const jumps = new HeldJumps<Sent>(timeline, inputs, tracks);
      return {
        holds: (time, nowMs) => jumps.holds(time, nowMs),
        hold: (one) => jumps.hold(one.track, one, 1),
        release: (nowMs, isEnd) => jumps.release(nowMs, isEnd),
      };
    },
    0,
  );

/**
 * Segments of two seconds, all there at once, in which one track lies behind the other; the clock jumps at `JUMP_MS`.
 * @param first the track that lies in front
 */
function inSegments(seconds: number, byMs: number, first = VIDEO): Sent[] {
  const segmentOf = ({ trueMs }: Sent): number => Math.floor(trueMs / 2_000);
  return made(seconds)
    .filter(({ track, trueMs }) => track === SOUND || trueMs < JUMP_MS || trueMs >= KEYFRAME_MS)
    .map((one) => ({
      ...one,
      rawMs: one.rawMs + 400_000_000 + (one.trueMs < JUMP_MS ? 0 : byMs),
      arrivedAtMs: 0,
    }))
    .sort(
      (one, other) =>
        segmentOf(one) - segmentOf(other) ||
        Number(other.track === first) - Number(one.track === first) ||
        one.trueMs - other.trueMs,
    );
}

/** The most that one is away from where it belongs. */
const worstMs = (recorded: readonly Recorded[]): number =>
  Math.max(...recorded.map(({ placedMs, trueMs }) => Math.abs(placedMs - 400_000_000 - trueMs)));

describe('HeldJumps', () => {
  it.each([-1_260, -80_000, 70_000])(
    'tracks that jump by %i ms, one behind the other, are where they belong to the frame',
    (byMs) => {
      const sent = inSegments(6, byMs);
      const recorded = recordJumps(sent);
      expect(recorded).toHaveLength(sent.length);
      expect(worstMs(recorded)).toBeLessThan(40);
    },
  );

  it.each([
    ['behind', SOUND],
    ['in front of', VIDEO],
  ] as const)(
    'pictures that step back by no more than jitter, %s sound that jumps, jump with it',
    (_where, first) => {
      const sent = inSegments(6, -700, first);
      expect(KEYFRAME_MS - JUMP_MS).toBeGreaterThan(700 - BACK_MAX_MS);
      expect(worstMs(recordJumps(sent))).toBeLessThan(40);
    },
  );

  it('pictures that step back alone are as they say, and held until sound has gone on', () => {
    const steps = ({ track, trueMs }: Sent): boolean => track === VIDEO && trueMs >= JUMP_MS;
    const sent = inSegments(6, 0).map((one) => (steps(one) ? { ...one, rawMs: one.rawMs - 600 } : one));
    const recorded = recordJumps(sent);
    expect(recorded).toHaveLength(sent.length);
    const place = recorded.findIndex(steps);
    const heard = recorded.slice(0, place).filter(({ track }) => track === SOUND);
    expect(heard.at(-1)?.trueMs).toBeGreaterThan(JUMP_MS + 200);
    expect(heard.at(-1)?.trueMs).toBeLessThan(JUMP_MS + 300);
    for (const { rawMs, placedMs } of recorded.filter(({ trueMs }) => trueMs >= 4_400))
      expect(placedMs).toBeCloseTo(rawMs);
  });

  it('another publisher who begins half a second after the one before him is in sync, wherever their times begin', () => {
    const anewMs = 460;
    const sent = inSegments(3, 0)
      .filter(({ track, trueMs }) => track === SOUND || trueMs < anewMs || trueMs >= 800)
      .map((one) => ({ ...one, rawMs: one.rawMs - (one.trueMs < anewMs ? 0 : anewMs) }));
    expect(worstMs(recordJumps(sent))).toBeLessThan(40);
  });

  it('pictures that jump to where sound is to begin before them leave room for that', () => {
    const [beganMs, anewMs, leadMs] = [400_000_000, 400_000_100, 240];
    const timeline = new SourceTimeline(STORED_TIMELINE);
    const placedMs = (ms: number): number =>
      timeline.place({ track: VIDEO, dts: ms * 90, timescale: 90_000 }, 0).dts / 90;
    for (let ms = 0; ms <= 1_240; ms += 40) placedMs(beganMs + ms);
    timeline.willBegin(SOUND, anewMs);
    timeline.jumpsTogether(VIDEO, anewMs + leadMs);
    // The first one may be a stray: the next tells.
    placedMs(anewMs + leadMs);
    expect(placedMs(anewMs + leadMs + 40)).toBeCloseTo(beganMs + 1_240 + leadMs + 40);
  });

  it('pictures that jump back, and then halt until they are where they would be if they had not, wait for sound', () => {
    const halts = ({ track, trueMs }: Sent): boolean =>
      track === VIDEO && trueMs >= KEYFRAME_MS + 160 && trueMs < 4_600;
    const isBehind = ({ track, trueMs }: Sent): boolean => track === SOUND && trueMs >= 2_000;
    const sent = inSegments(6, -1_260)
      .filter((one) => !halts(one))
      .sort((one, other) => Number(isBehind(one)) - Number(isBehind(other)));
    const recorded = recordJumps(sent, STORED_TIMELINE, 2);
    expect(recorded).toHaveLength(sent.length);
    expect(worstMs(recorded)).toBeLessThan(40);
  });

  it('a stray is given at once, and moves nothing', () => {
    const sent = inSegments(4, 0).map((one) =>
      one.track === VIDEO && one.trueMs === 2_400 ? { ...one, rawMs: one.rawMs - 70_000 } : one,
    );
    expect(worstMs(recordJumps(sent))).toBeLessThan(40);
  });

  it('of several inputs, waits for what ffmpeg reads of one of them with the next segment', () => {
    const sent = inSegments(6, -1_260)
      .map((one) => {
        const isBehind = one.trueMs >= JUMP_MS && (one.track === SOUND || one.trueMs >= 4_000);
        return isBehind ? { ...one, arrivedAtMs: one.track === SOUND ? 6_000 : 5_000 } : one;
      })
      .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs);
    const recorded = recordJumps(sent, STORED_TIMELINE, 2);
    expect(recorded).toHaveLength(sent.length);
    expect(worstMs(recorded)).toBeLessThan(40);
  });

  it('of several inputs, waits for one of which nothing has been read yet, and which begins before the jump', () => {
    const beganMs = JUMP_MS - 40;
    const sent = inSegments(6, -1_260)
      .filter(({ track, trueMs }) => track === VIDEO || trueMs >= beganMs)
      .map((one) => (one.track === SOUND ? { ...one, arrivedAtMs: 60 } : one))
      .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs || one.trueMs - other.trueMs);
    const recorded = recordJumps(sent, STORED_TIMELINE, 2);
    expect(recorded).toHaveLength(sent.length);
    expect(worstMs(recorded)).toBeLessThan(40);
  });

  it('waits for a track that lies behind, and begins with its last sample before the jump', () => {
    const sent = inSegments(6, -2_560).filter(
      ({ track, trueMs }) => track === VIDEO || trueMs >= JUMP_MS - 30,
    );
    expect(sent.filter(({ track, trueMs }) => track === SOUND && trueMs < JUMP_MS)).toHaveLength(1);
    const recorded = recordJumps(sent, STORED_TIMELINE, 1, 2);
    expect(recorded).toHaveLength(sent.length);
    expect(worstMs(recorded)).toBeLessThan(40);
    expect(worstMs(recordJumps(sent, STORED_TIMELINE, 1, 1))).toBeGreaterThan(1_000);
  });

  it('of several inputs, waits for none for long', () => {
    const pictures = made(6)
      .filter(({ track }) => track === VIDEO)
      .map((one) => (one.trueMs < JUMP_MS ? one : { ...one, rawMs: one.rawMs - 80_000 }));
    const jumped = recordJumps(pictures, STORED_TIMELINE, 2).find(({ trueMs }) => trueMs >= JUMP_MS);
    expect((jumped?.recordedAtMs ?? 0) - JUMP_MS).toBeLessThan(1_100);
  });

  it('holds nothing for long while the others do not come, and all of it at the end', () => {
    const pictures = made(6)
      .filter(({ track, trueMs }) => track === VIDEO || trueMs < JUMP_MS)
      .map((one) => (one.trueMs < JUMP_MS ? one : { ...one, rawMs: one.rawMs - 80_000 }));
    const first = recordJumps(pictures).find(({ trueMs }) => trueMs >= JUMP_MS);
    expect((first?.recordedAtMs ?? 0) - JUMP_MS).toBeGreaterThan(900);
    expect((first?.recordedAtMs ?? 0) - JUMP_MS).toBeLessThan(1_100);
    const short = pictures.filter(({ trueMs }) => trueMs < JUMP_MS + 400);
    expect(recordJumps(short)).toHaveLength(short.length);
  });

  it('holds nothing of what comes as it is made', () => {
    const sent = made(5).map((one) => (one.trueMs < JUMP_MS ? one : { ...one, rawMs: one.rawMs - 80_000 }));
    for (const one of recordJumps(sent, LIVE_TIMELINE)) expect(one.recordedAtMs).toBe(one.arrivedAtMs);
  });
});
