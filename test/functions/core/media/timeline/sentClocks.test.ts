import { describe, expect, it } from 'vitest';
import { SentClocks } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { SentOrder } from '../../../../../functions/core/media/timeline/sentOrder.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';

type Kind = 'video' | 'audio';
/** A sample's kind, its own time, and when it was received, in ms. */
type Received = readonly [Kind, number, number?];

const FRAME_MS = 40;
const TURN_MS = 2 ** 33 / 90;

/** Both kinds, by turns, each for so long from a time of their own on. */
const both = (fromMs: number, lengthMs: number, receivedFromMs: number): Received[] =>
  Array.from({ length: lengthMs / FRAME_MS }, (_, i) => i * FRAME_MS).flatMap((ms): Received[] => [
    ['video', fromMs + ms, receivedFromMs + ms],
    ['audio', fromMs + ms, receivedFromMs + ms],
  ]);

function clocksOf(
  received: readonly Received[],
  trackOf: (kind: Kind, i: number) => string = (kind) => kind,
) {
  const clocks = new SentClocks(LIVE_TIMELINE);
  for (const [i, [kind, dts, nowMs = dts]] of received.entries())
    clocks.see({ kind, track: trackOf(kind, i), dts, timescale: 1_000 }, nowMs);
  return clocks;
}

/** Where samples are put that come out of ffmpeg in this order. */
function put(order: SentOrder, given: readonly Received[]): (number | undefined)[] {
  return given.map(([kind, dts]) => order.ordered({ track: kind, dts, timescale: 1_000 }, kind)?.dts);
}

const ofKind = (received: readonly Received[], kind: Kind): Received[] =>
  received.filter(([one]) => one === kind);

describe('SentClocks', () => {
  it('knows from when to when each kind was on which clock', () => {
    const clocks = clocksOf([...both(0, 400, 0), ...both(50_000, 400, 400)]);
    for (const kind of ['video', 'audio'] as const)
      expect(
        clocks.stretchesOf(kind).map(({ firstMs, lastMs, shiftMs }) => [firstMs, lastMs, shiftMs]),
      ).toEqual([
        [0, 360, 0],
        [50_000, 50_360, -49_600],
      ]);
  });

  it('counts a pause in front of what begins anew by when that was received', () => {
    const clocks = clocksOf([...both(0, 2_000, 0), ...both(0, 400, 4_000)]);
    expect(clocks.stretchesOf('video').map(({ shiftMs }) => shiftMs)).toEqual([0, 4_000]);
  });

  it('counts none where all were held up, and some of before came first', () => {
    const heldUp = both(1_600, 120, 0).map(([kind, ms]): Received => [kind, ms, 3_500]);
    const clocks = clocksOf([...both(0, 1_600, 0), ...heldUp, ...both(0, 400, 3_500)]);
    expect(clocks.stretchesOf('video').map(({ shiftMs }) => shiftMs)).toEqual([0, 1_720]);
  });

  it('follows a publisher who sends on other tracks', () => {
    const received = [...both(0, 400, 0), ...both(50_000, 400, 400)];
    const clocks = clocksOf(received, (kind, i) => (i < 20 ? kind : `${kind} of another`));
    const shifts = clocks.stretchesOf('audio').map(({ shiftMs }) => Math.round(shiftMs / 100) * 100);
    expect(shifts).toEqual([0, -49_600]);
  });

  it('knows nothing of a kind of which there are several tracks', () => {
    const received = both(0, 400, 0);
    const clocks = clocksOf(received, (kind, i) => (kind === 'audio' && i % 4 === 1 ? 'another' : kind));
    expect(clocks.isPlain).toBe(false);
    expect(clocks.stretchesOf('audio')).toEqual([]);
    expect(put(new SentOrder(clocks), received).every((ms) => ms === undefined)).toBe(true);
  });
});

describe('SentOrder', () => {
  const anew = [...both(0, 2_000, 0), ...both(0, 2_000, 2_000)];
  const expected = Array.from({ length: 100 }, (_, i) => i * FRAME_MS);

  it.each([
    ['pictures', 'video', 'audio'],
    ['sound', 'audio', 'video'],
  ] as const)('goes on where a clock begins anew, also where all %s come first', (_, first, second) => {
    const order = new SentOrder(clocksOf(anew));
    expect(put(order, ofKind(anew, first))).toEqual(expected);
    expect(put(order, ofKind(anew, second))).toEqual(expected);
    expect(order.shiftMs).toBe(2_000);
  });

  it('tells each jump once, with the pause in front of it', () => {
    const received = [...both(0, 2_000, 0), ...both(0, 2_000, 4_000)];
    const order = new SentOrder(clocksOf(received));
    put(order, ofKind(received, 'audio'));
    expect(order.takeJumps()).toEqual([{ atMs: 4_000, byMs: -2_000, gapMs: expect.closeTo(2_040, 0) }]);
    put(order, ofKind(received, 'video'));
    expect(order.takeJumps()).toEqual([]);
  });

  it('leaves a single picture that is stamped far away where it was sent', () => {
    const received: Received[] = both(0, 2_000, 0);
    const stray: Received = ['video', 7_200_000, 1_000];
    received.splice(50, 1, stray);
    const order = new SentOrder(clocksOf(received));
    expect(put(order, ofKind(received, 'video')).slice(23, 28)).toEqual([920, 960, 1_000, 1_040, 1_080]);
    expect(put(order, ofKind(received, 'audio')).slice(23, 28)).toEqual([920, 960, 1_000, 1_040, 1_080]);
  });

  it('leaves it there also where it is the first that comes after all were held up', () => {
    const heldUp = both(2_000, 1_000, 0).map(([kind, ms]): Received => [kind, ms, 3_500]);
    const received: Received[] = [...both(0, 2_000, 0), ...heldUp];
    received.splice(100, 1, ['video', 7_200_000, 3_500]);
    const order = new SentOrder(clocksOf(received));
    expect(put(order, ofKind(received, 'video')).slice(48, 53)).toEqual([1_920, 1_960, 2_000, 2_040, 2_080]);
  });

  it("knows a counter's turns, which ffmpeg counts on", () => {
    const received = both(TURN_MS - 1_000, 1_000, 0).concat(both(0, 1_000, 1_000));
    const order = new SentOrder(clocksOf(received));
    const given = received.map(([kind, ms]): Received => [kind, ms < 2_000 ? ms + TURN_MS : ms]);
    const ms = put(order, ofKind(given, 'audio')).map((one) => Math.round((one ?? 0) - TURN_MS));
    expect(ms).toEqual(Array.from({ length: 50 }, (_, i) => i * FRAME_MS - 1_000));
  });

  it('is at the next thing that was sent where ffmpeg has added something, be it to the last of a clock', () => {
    const received = [...both(80_000_000, 2_000, 0), ...both(0, 2_000, 4_000)];
    const order = new SentOrder(clocksOf(received));
    const given = ofKind(received, 'video').map(([kind, ms], i): Received => {
      const addedMs = i < 49 ? 0 : i === 49 ? -3_400 : 79_995_000;
      return [kind, ms + addedMs];
    });
    const sentMs = [...expected.slice(0, 50), ...expected.slice(0, 50).map((ms) => ms + 4_000)];
    expect(put(order, given).map((ms) => (ms ?? 0) - 80_000_000)).toEqual(sentMs);
  });

  it('does not take what follows a stray for the next one, where both were sent by then and ffmpeg has added something', () => {
    const received = ofKind(both(0, 4_000, 0), 'video');
    const given = received.map(([kind, ms]): Received => [kind, ms < 1_000 ? ms : ms - 104_628]);
    for (const place of [40, 46]) {
      received.splice(place, 1, ['video', TURN_MS - 32_500_000 + place * FRAME_MS, place * FRAME_MS]);
      given.splice(place, 1, ['video', -32_604_628 + place * FRAME_MS]);
    }
    const order = new SentOrder(clocksOf(received));
    expect(put(order, given).map((ms) => Math.round(ms ?? 0))).toEqual(expected);
  });

  it.each([
    ['that', 0],
    ['that and a turn, in a pipe of its own', TURN_MS],
  ])(
    'knows sound that begins behind what ffmpeg has taken for a turn by what it adds to pictures since then: %s',
    (_, addedMs) => {
      const received = both(0, 4_000, 0).filter(([kind, ms]) => kind === 'video' || ms >= 2_000);
      const strayAt = received.findIndex(([, ms]) => ms === 1_600);
      received.splice(strayAt, 1, ['video', TURN_MS - 12_000, 1_600]);
      const order = new SentOrder(clocksOf(received));
      const given = received.map(([kind, ms]): Received => [kind, ms > 1_600 ? (ms - 13_600) % TURN_MS : ms]);
      given.splice(strayAt, 1, ['video', -12_000]);
      expect(put(order, ofKind(given, 'video')).slice(38, 44)).toEqual([
        1_520, 1_560, 1_600, 1_640, 1_680, 1_720,
      ]);
      const asEncoded = ofKind(given, 'audio').map(([kind, ms]): Received => [kind, ms + addedMs]);
      expect(put(order, asEncoded).map((ms) => Math.round(ms ?? 0))).toEqual(expected.slice(50));
    },
  );

  it("leaves a publisher's only picture beside his sound, also where it comes out with the next publisher's", () => {
    const sound = both(0, 400, 4_000).filter(([kind]) => kind === 'audio');
    const only: Received = ['video', 400, 4_400];
    const next = both(0, 2_000, 6_000);
    const order = new SentOrder(clocksOf([...both(0, 2_000, 0), ...sound, only, ...next]));
    put(order, [...both(0, 2_000, 0), ...sound]);
    expect(put(order, [...ofKind(next, 'audio').slice(0, 1), only])).toEqual([6_000, 4_400]);
  });

  it('says nothing of what has not been received, and puts what was not sent so where the last one was', () => {
    const order = new SentOrder(clocksOf(anew));
    expect(put(order, [['audio', 900_000]])).toEqual([undefined]);
    expect(put(new SentOrder(new SentClocks(LIVE_TIMELINE)), [['audio', 0]])).toEqual([undefined]);
    put(order, ofKind(anew, 'audio'));
    expect(put(order, [['audio', 900_000]])).toEqual([902_000]);
  });

  it('counts nothing that one ffmpeg has added to times as added by the next one', () => {
    const received = ofKind(both(0, 8_000, 0), 'audio');
    const order = new SentOrder(clocksOf(received));
    put(order, received.slice(0, 40));
    // With the end of its input ffmpeg 5.1 takes the last sample for one that has jumped.
    expect(put(order, [['audio', 20]])).toEqual([1_600]);
    order.beginRun();
    expect(put(order, received.slice(41))).toEqual(received.slice(41).map(([, ms]) => ms));
  });
});
