import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentClocks, type SentTime } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { SentOrder } from '../../../../../functions/core/media/timeline/sentOrder.ts';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';

type Kind = SentTime['kind'];

const SECONDS = 14;
const SOUND_HZ = 44_100;
const FRAME_SAMPLES = 1_024;
const TIMESCALES = { video: 90_000, audio: SOUND_HZ } as const;
const SYNC_MS = 100;
/** By the way that samples take: pieces of so much come at once, at most. */
const PIECES_MS = 300;

interface Made {
  readonly kind: Kind;
  readonly trueMs: number;
}

interface Placed extends Made {
  readonly placedMs: number;
}

interface Way {
  readonly fps?: number;
  /** When a sample comes, by when it was made. */
  readonly arrives?: (trueMs: number) => number;
  /** Its own time, in whole ms. */
  readonly timeOf: (one: Made) => number;
}

const KINDS: readonly Kind[] = ['video', 'audio'];

const lengthOf = (kind: Kind, fps: number): number =>
  kind === 'video' ? 1_000 / fps : (FRAME_SAMPLES * 1_000) / SOUND_HZ;

function made(fps: number): Made[] {
  const all = KINDS.flatMap((kind): Made[] => {
    const stepMs = lengthOf(kind, fps);
    const count = Math.floor((SECONDS * 1_000) / stepMs);
    return Array.from({ length: count }, (_, i) => ({ kind, trueMs: i * stepMs }));
  });
  return all.sort((one, other) => one.trueMs - other.trueMs);
}

/** As FLV is read by the recorder itself: clocks are known as samples are received, which come here at once. */
function place({ fps = 25, arrives = (ms) => ms, timeOf }: Way): Placed[] {
  const timeline = new SourceTimeline();
  const clocks = new SentClocks(LIVE_TIMELINE);
  const order = new SentOrder(clocks);
  return made(fps).map((one) => {
    const { kind } = one;
    const nowMs = 100_000 + arrives(one.trueMs);
    const rawMs = Math.round(timeOf(one));
    clocks.see({ kind, track: kind, dts: rawMs, timescale: 1_000 }, nowMs);
    const timescale = TIMESCALES[kind];
    const time = {
      ...{ track: kind, dts: Math.round((rawMs * timescale) / 1_000), timescale },
      usualDuration: kind === 'audio' ? FRAME_SAMPLES : undefined,
    };
    const ordered = order.ordered(time, kind);
    const { dts } = timeline.place(ordered ?? time, nowMs, ordered !== undefined);
    return { ...one, placedMs: (dts * 1_000) / timescale };
  });
}

const inPieces =
  (ms: number) =>
  (trueMs: number): number =>
    ms === 0 ? trueMs : Math.ceil(trueMs / ms) * ms;

const of = (placed: readonly Placed[], kind: Kind): Placed[] => placed.filter((one) => one.kind === kind);
const offBy = ({ placedMs, trueMs }: Placed): number => placedMs - trueMs;

/** How far pictures are from the sound beside them: of the two frames between which a seam may lie the nearer one. */
function apartMs(placed: readonly Placed[], fromMs = 0): number {
  const sound = of(placed, 'audio');
  const apart = of(placed, 'video')
    .filter(({ trueMs }) => trueMs >= fromMs)
    .map((picture) => {
      const behind = sound.findIndex(({ trueMs }) => trueMs > picture.trueMs);
      const beside = behind === -1 ? sound.slice(-1) : sound.slice(Math.max(0, behind - 1), behind + 1);
      return Math.min(...beside.map((one) => Math.abs(offBy(picture) - offBy(one))));
    });
  return Math.max(...apart);
}

const stepsOf = (placed: readonly Placed[], kind: Kind): number[] => {
  const times = of(placed, kind).map(({ placedMs }) => placedMs);
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
};

const lengthOff = (placed: readonly Placed[]): number =>
  Math.max(...KINDS.map((kind) => Math.abs(offBy(of(placed, kind).at(-1) as Placed))));

describe('StandingClock', () => {
  it.each([
    { name: 'of all tracks', stand: ['video', 'audio'] },
    { name: 'of sound', stand: ['audio'] },
    { name: 'of pictures', stand: ['video'] },
  ])('what comes while the clock $name stands is where it was made', ({ stand }) => {
    const placed = place({ timeOf: ({ kind, trueMs }) => (stand.includes(kind) ? 0 : trueMs) });
    expect(Math.max(...placed.map((one) => Math.abs(offBy(one))))).toBeLessThan(2);
  });

  it("a server's cache of two seconds, all of one time, stays as long as it is, and so does what follows", () => {
    const placed = place({ arrives: (ms) => Math.max(0, ms - 2_000), timeOf: () => 0 });
    expect(Math.max(...placed.map((one) => Math.abs(offBy(one))))).toBeLessThan(2);
  });

  it('at any rate, however it comes, from whenever on: together, evenly, and as long as it was', () => {
    const stands = fc.constantFrom<readonly Kind[]>(['video', 'audio'], ['audio'], ['video']);
    const way = fc.record({
      fps: fc.integer({ min: 12, max: 50 }),
      piecesMs: fc.integer({ min: 0, max: PIECES_MS }),
      stands,
      fromMs: fc.oneof(fc.constant(0), fc.integer({ min: 1_000, max: 6_000 })),
    });
    fc.assert(
      fc.property(way, ({ fps, piecesMs, stands, fromMs }) => {
        const placed = place({
          fps,
          arrives: inPieces(piecesMs),
          timeOf: ({ kind, trueMs }) => {
            const lastMs = Math.floor(fromMs / lengthOf(kind, fps)) * lengthOf(kind, fps);
            return stands.includes(kind) ? Math.min(trueMs, lastMs) : trueMs;
          },
        });
        expect(apartMs(placed, 1_000)).toBeLessThan(SYNC_MS);
        expect(lengthOff(placed)).toBeLessThan(PIECES_MS);
        for (const kind of KINDS) {
          const usualMs = lengthOf(kind, fps);
          const steps = stepsOf(placed, kind);
          expect(Math.min(...steps)).toBeGreaterThan(usualMs / 5);
          expect(Math.max(...steps)).toBeLessThan(4 * usualMs);
        }
      }),
    );
  });

  it.each([
    { name: 'where it stood', on: (ms: number) => ms - 5_000 },
    { name: 'where it would be', on: (ms: number) => ms },
    { name: 'somewhere else', on: (ms: number) => ms + 1e9 },
  ])('a clock that goes on $name keeps them together, and the length', ({ on }) => {
    const stands = fc.constantFrom<readonly Kind[]>(['video', 'audio'], ['audio'], ['video']);
    fc.assert(
      fc.property(
        fc.integer({ min: 24, max: 30 }),
        stands,
        fc.integer({ min: 0, max: 100 }),
        (fps, stood, piecesMs) => {
          const placed = place({
            fps,
            arrives: inPieces(piecesMs),
            timeOf: ({ kind, trueMs }) => {
              if (!stood.includes(kind)) return trueMs;
              return trueMs < 3_000 ? trueMs : trueMs < 8_000 ? 3_000 : on(trueMs);
            },
          });
          expect(apartMs(placed)).toBeLessThan(SYNC_MS);
          expect(lengthOff(placed)).toBeLessThan(200);
        },
      ),
    );
  });

  it('a pause is as long as it was, and what a stalled network keeps is not lost in it', () => {
    const atMs = 6_000;
    const paused = place({ timeOf: () => 0, arrives: (ms) => (ms < atMs ? ms : ms + 4_000) });
    const stalled = place({
      timeOf: () => 0,
      arrives: (ms) => (ms < atMs || ms > atMs + 2_000 ? ms : atMs + 2_000),
    });
    expect(Math.abs(lengthOff(paused) - 4_000)).toBeLessThan(50);
    expect(lengthOff(stalled)).toBeLessThan(50);
    for (const placed of [paused, stalled]) {
      expect(apartMs(placed.filter(({ trueMs }) => trueMs < atMs || trueMs > atMs + 4_000))).toBeLessThan(
        SYNC_MS,
      );
      for (const kind of KINDS) expect(Math.min(...stepsOf(placed, kind))).toBeGreaterThan(5);
    }
  });
});
