import { describe, expect, it } from 'vitest';
import { LateBeginnings } from '../../../../../functions/core/media/timeline/lateBeginnings.ts';
import {
  LIVE_TIMELINE,
  STORED_TIMELINE,
} from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { made, type Recorded, record, type Sent, SOUND, VIDEO } from './sentSamples.ts';

const BEGAN_MS = 3_000;

const recordLate = (
  sent: readonly Sent[],
  isAll = true,
  options = LIVE_TIMELINE,
  beginsMs?: number,
): Recorded[] =>
  record(
    sent,
    options,
    (timeline) => {
      const late = new LateBeginnings<Sent>(timeline, beginsMs);
      return {
        holds: (time, nowMs) => late.holds(time, nowMs),
        hold: (one) => late.hold(one.track, one),
        release: (nowMs, isEnd) => late.release(nowMs, isEnd),
      };
    },
    isAll ? 10_000 : undefined,
  );

const soundOf = (recorded: readonly Recorded[]): Recorded[] =>
  recorded.filter(({ track }) => track === SOUND);

/** @param lateMs of sound */
const withLateSound = (seconds: number, lateMs: number): Sent[] =>
  made(seconds)
    .filter(({ track, trueMs }) => track === VIDEO || trueMs >= BEGAN_MS)
    .map((one) => (one.track === SOUND ? { ...one, arrivedAtMs: one.trueMs + lateMs } : one))
    .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs);

describe('LateBeginnings', () => {
  it("holds a publisher's sound until his first keyframe says that he has begun anew, and nothing is squeezed", () => {
    const keyframeMs = BEGAN_MS + 400;
    const sent = withLateSound(6, 0)
      .filter(({ track, trueMs }) => track === SOUND || trueMs < BEGAN_MS || trueMs >= keyframeMs)
      .map((one) => ({ ...one, rawMs: one.trueMs < BEGAN_MS ? one.rawMs : one.rawMs - BEGAN_MS }));
    const recorded = recordLate(sent);
    expect(recorded).toHaveLength(sent.length);
    for (const one of recorded) expect(Math.abs(one.placedMs - one.trueMs)).toBeLessThan(60);
  });

  it('lets sound that is late in truth go on as soon as pictures have gone on', () => {
    const sound = soundOf(recordLate(withLateSound(8, 2_000)));
    for (const one of sound) expect(one.placedMs).toBeCloseTo(one.trueMs, 1);
    expect(sound[0]?.recordedAtMs).toBeLessThan(BEGAN_MS + 2_000 + 350);
  });

  it('takes a single stray for no beginning', () => {
    const sent = withLateSound(8, 2_000).map((one) =>
      one.track === VIDEO && one.trueMs === BEGAN_MS + 2_120 ? { ...one, rawMs: BEGAN_MS + 100 } : one,
    );
    for (const one of soundOf(recordLate(sent))) expect(one.placedMs).toBeCloseTo(one.trueMs, 1);
  });

  it('holds nothing for long while no pictures come, and all at the end', () => {
    const sent = withLateSound(8, 2_000).filter(
      ({ track, trueMs }) => track === SOUND || trueMs < BEGAN_MS + 2_000,
    );
    const [first] = soundOf(recordLate(sent, false));
    expect(first?.recordedAtMs).toBeGreaterThan(BEGAN_MS + 3_400);
    expect(first?.recordedAtMs).toBeLessThan(BEGAN_MS + 3_600);
    const short = sent.filter(({ arrivedAtMs }) => arrivedAtMs < BEGAN_MS + 2_200);
    expect(soundOf(recordLate(short, false))).toHaveLength(0);
    expect(recordLate(short)).toHaveLength(short.length);
  });

  it.each([
    ['in time', 0],
    ['a little late', 400],
  ])('holds no sound that comes %s', (_, lateMs) => {
    for (const one of recordLate(withLateSound(6, lateMs))) expect(one.recordedAtMs).toBe(one.arrivedAtMs);
  });

  it('holds nothing of what comes as the source is opened', () => {
    // A cache sends its pictures first.
    const sent = made(4).map((one) => ({ ...one, arrivedAtMs: Math.max(3_000, one.trueMs) }));
    const cached = sent.filter(({ trueMs }) => trueMs < 3_000);
    const opened = [
      ...cached.filter(({ track }) => track === VIDEO),
      ...cached.filter(({ track }) => track === SOUND),
      ...sent.filter(({ trueMs }) => trueMs >= 3_000),
    ];
    for (const one of recordLate(opened)) expect(one.recordedAtMs).toBe(one.arrivedAtMs);
  });

  describe("a server's cache has a keyframe of a publisher, and another one has begun anew behind it", () => {
    const cached = (anewMs: number): Sent[] =>
      made(4)
        .filter(
          ({ track, trueMs }) =>
            trueMs >= anewMs && (track === SOUND || trueMs === anewMs || trueMs >= anewMs + 360),
        )
        .map((one) => ({
          ...one,
          rawMs: one.trueMs === anewMs ? anewMs : one.trueMs - anewMs,
          // What comes while ffmpeg looks comes at once.
          arrivedAtMs: Math.max(one.trueMs, anewMs + 460),
        }));

    it.each([800, 400])(
      'all goes on behind the keyframe, by the clock of who came then: after %i ms',
      (anewMs) => {
        const sent = cached(anewMs);
        const recorded = recordLate(sent);
        expect(recorded).toHaveLength(sent.length);
        for (const one of recorded) expect(Math.abs(one.placedMs - one.trueMs)).toBeLessThan(60);
      },
    );

    it.each([800, 600])('also where his sound comes first: after %i ms', (anewMs) => {
      const isFirst = ({ track, trueMs }: Sent): boolean => track === SOUND && trueMs < anewMs + 360;
      const sent = cached(anewMs);
      const recorded = recordLate([...sent.filter(isFirst), ...sent.filter((one) => !isFirst(one))]);
      expect(recorded).toHaveLength(sent.length);
      const [keyframe, ...others] = recorded.toSorted((one, other) => one.trueMs - other.trueMs);
      for (const one of others) expect(one.placedMs).toBeCloseTo(one.rawMs, 1);
      expect(keyframe?.placedMs).toBeCloseTo(360 - 40, 1);
    });
  });

  it('puts the first picture of a stored segment, whose clock goes back right behind it, before the others', () => {
    const isFirst = ({ track, trueMs }: Sent): boolean => track === VIDEO && trueMs === 0;
    const all = made(2).map((one) => ({
      ...one,
      arrivedAtMs: 0,
      rawMs: one.rawMs + (isFirst(one) ? 98_000 : 4_000),
    }));
    // ffmpeg gives what has the earlier times first.
    const sent = [SOUND, VIDEO].flatMap((track) => all.filter((one) => one.track === track));
    const recorded = recordLate(sent, true, STORED_TIMELINE);
    expect(recorded).toHaveLength(sent.length);
    for (const { placedMs, trueMs } of recorded) expect(placedMs).toBeCloseTo(trueMs + 4_000, 1);
  });

  it('puts sound that comes first behind the last picture of the publisher before, where it is known that that goes on', () => {
    const [beginsMs, keyframeMs] = [5_000, 400];
    const all = made(3).map((one) => ({ ...one, arrivedAtMs: 0 }));
    const sound = all.filter(({ track }) => track === SOUND);
    const pictures = all.filter(({ track, trueMs }) => track === VIDEO && trueMs >= keyframeMs);
    const last: Sent = { track: VIDEO, trueMs: -40, rawMs: beginsMs, arrivedAtMs: 0 };
    const sent = [...sound.slice(0, 18), last, ...sound.slice(18), ...pictures];
    const recorded = recordLate(sent, true, STORED_TIMELINE, beginsMs);
    expect(recorded).toHaveLength(sent.length);
    expect(recorded[0]?.placedMs).toBe(beginsMs);
    // The first one of another clock may be a stray.
    for (const { placedMs, trueMs } of recorded.filter((one) => one.trueMs > keyframeMs))
      expect(Math.abs(placedMs - beginsMs - trueMs)).toBeLessThan(20);
  });

  it('holds no sound that comes behind the pictures of its fragment, and to where they are', () => {
    const anewMs = 1_400;
    const all = made(3).map((one) => ({ ...one, arrivedAtMs: 0 }));
    const of = (track: string, fromMs: number, untilMs: number): Sent[] =>
      all.filter((one) => one.track === track && one.trueMs >= fromMs && one.trueMs < untilMs);
    const sent = [
      ...of(VIDEO, 800, anewMs),
      ...of(SOUND, 500, anewMs),
      ...[...of(VIDEO, anewMs + 200, 3_000), ...of(SOUND, anewMs, 3_000)].map((one) => ({
        ...one,
        rawMs: one.rawMs - anewMs,
      })),
    ];
    for (const { trueMs, placedMs } of soundOf(recordLate(sent, true, STORED_TIMELINE)))
      if (trueMs < anewMs) expect(placedMs).toBeCloseTo(trueMs, 1);
  });
});
