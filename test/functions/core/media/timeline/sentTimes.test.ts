import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentClocks } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { type Received, SentTimes } from '../../../../../functions/core/media/timeline/sentTimes.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';

const FRAMES_MS = { video: 40, audio: 21 } as const;
const ANEW_MS = 3_000;
const LENGTH_MS = 3_000;
/** So long behind a pause what comes is looked at together. */
const HELD_MS = 400;
/** 0.8 of what the clock goes by is behind it by more than a gap within five seconds. */
const SLOW_LENGTH_MS = 60_000;
/** Shorter ones are no gaps. */
const PAUSE_MIN_MS = 1_500;

/** Both tracks of one publisher, whose times begin at zero. @param atMs when they are sent */
function publisher(atMs: number, lengthMs: number): Received[] {
  const samples = (['video', 'audio'] as const).flatMap((kind) =>
    Array.from({ length: Math.ceil(lengthMs / FRAMES_MS[kind]) }, (_, i): Received => {
      const dts = i * FRAMES_MS[kind];
      return { sent: { kind, track: kind, dts, timescale: 1_000 }, atMs: atMs + dts };
    }),
  );
  return samples.toSorted((one, other) => one.atMs - other.atMs);
}

/** A network that keeps for so long what is sent from then on, and gives it all at once. */
const stalledArb = fc.record({
  /** From the last samples of the one publisher to the first of the next. */
  fromMs: fc.integer({ min: ANEW_MS - 400, max: ANEW_MS + 20 }),
  forMs: fc.integer({ min: 1_600, max: 2_400 }),
});

const stalled = (sent: readonly Received[], fromMs: number, untilMs: number): Received[] =>
  sent.map(({ sent, atMs }) => ({ sent, atMs: atMs < fromMs ? atMs : Math.max(atMs, untilMs) }));

/** As a connection is received: what came before the burst, that, and what came by itself again. */
function sentOf(received: readonly Received[], burstAtMs: number): Received[] {
  const times = new SentTimes();
  const alone = ({ sent, atMs }: Received): Received => ({ sent, atMs: times.at(sent, atMs) });
  return [
    ...received.filter(({ atMs }) => atMs < burstAtMs).map(alone),
    ...times.inBurst(received.filter(({ atMs }) => atMs === burstAtMs)),
    ...received.filter(({ atMs }) => atMs > burstAtMs).map(alone),
  ];
}

/** What is added to the next publisher's times. */
function shiftMs(received: readonly Received[], kind: 'video' | 'audio'): number {
  const clocks = new SentClocks(LIVE_TIMELINE);
  for (const { sent, atMs } of received) clocks.see(sent, atMs);
  return clocks.stretchesOf(kind).at(-1)?.shiftMs ?? 0;
}

describe('SentTimes', () => {
  it('lets no gap be told where the network stalled as another publisher began', () => {
    fc.assert(
      fc.property(stalledArb, ({ fromMs, forMs }) => {
        const all = [...publisher(0, ANEW_MS), ...publisher(ANEW_MS, LENGTH_MS)];
        const received = sentOf(stalled(all, fromMs, fromMs + forMs), fromMs + forMs);
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(received, kind) - ANEW_MS)).toBeLessThan(50);
      }),
    );
  });

  it('tells how long nobody was there, also where it stalled before he went and until the next one was there', () => {
    fc.assert(
      fc.property(stalledArb, fc.integer({ min: 0, max: 800 }), ({ fromMs, forMs }, longerMs) => {
        const nextAtMs = ANEW_MS + PAUSE_MIN_MS + longerMs;
        const all = [...publisher(0, ANEW_MS), ...publisher(nextAtMs, LENGTH_MS)];
        const untilMs = Math.max(fromMs + forMs, nextAtMs);
        const received = sentOf(stalled(all, fromMs, untilMs), untilMs);
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(received, kind) - nextAtMs)).toBeLessThan(100);
      }),
    );
  });

  it('tells it also where sound came back while it stalled, which was sent with the pictures beside it', () => {
    const nextAtMs = ANEW_MS + PAUSE_MIN_MS + 200;
    const stalledArb = fc.record({
      fromMs: fc.integer({ min: 1_500, max: 2_500 }),
      untilMs: fc.integer({ min: ANEW_MS + 600, max: nextAtMs - 1 }),
      soundAgainMs: fc.integer({ min: 2_500, max: ANEW_MS - 100 }),
    });
    fc.assert(
      fc.property(stalledArb, ({ fromMs, untilMs, soundAgainMs }) => {
        const isSent = ({ sent: { kind }, atMs }: Received): boolean =>
          kind === 'video' || atMs < 1_000 || atMs >= soundAgainMs;
        const all = [...publisher(0, ANEW_MS).filter(isSent), ...publisher(nextAtMs, LENGTH_MS)];
        const received = all.map(({ sent, atMs }) => ({
          sent,
          atMs: atMs < fromMs ? atMs : Math.max(atMs, untilMs),
        }));
        const seen = sentOf(received, untilMs);
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(seen, kind) - nextAtMs)).toBeLessThan(100);
      }),
    );
  });

  it('tells it also where his first picture is a little later than the last one before, by chance', () => {
    const beginsArb = fc.record({
      lengthMs: fc.integer({ min: 100, max: 250 }),
      keyframeMs: fc.integer({ min: 300, max: 399 }),
    });
    fc.assert(
      fc.property(beginsArb, ({ lengthMs, keyframeMs }) => {
        const nextAtMs = ANEW_MS + PAUSE_MIN_MS + lengthMs;
        const isSent = ({ sent: { kind, dts } }: Received): boolean => kind === 'audio' || dts >= keyframeMs;
        const next = publisher(nextAtMs, LENGTH_MS).filter(isSent);
        const isHeld = ({ atMs }: Received): boolean => atMs <= nextAtMs + HELD_MS;
        const times = new SentTimes();
        const alone = ({ sent, atMs }: Received): Received => ({ sent, atMs: times.at(sent, atMs) });
        const seen = [
          ...[...publisher(0, ANEW_MS), ...publisher(ANEW_MS, lengthMs)].map(alone),
          ...times.inBurst(next.filter(isHeld)),
          ...next.filter((one) => !isHeld(one)).map(alone),
        ];
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(seen, kind) - nextAtMs)).toBeLessThan(100);
      }),
    );
  });

  it('tells it also where the recorder gets no CPU now and then, and reads all that has come meanwhile', () => {
    const readArb = fc.array(fc.integer({ min: 20, max: 900 }), { minLength: 20, maxLength: 40 });
    fc.assert(
      fc.property(readArb, fc.integer({ min: 0, max: 1_000 }), (restsMs, longerMs) => {
        const nextAtMs = ANEW_MS + PAUSE_MIN_MS + longerMs;
        const readsMs = restsMs.map((_, i) => restsMs.slice(0, i + 1).reduce((sum, ms) => sum + ms, 0));
        const all = [...publisher(0, ANEW_MS), ...publisher(nextAtMs, LENGTH_MS)];
        const received = all.map(({ sent, atMs }) => ({
          sent,
          atMs: readsMs.find((ms) => ms >= atMs) ?? atMs,
        }));
        const firstReadMs = received.find(({ sent }, i) => sent.dts === 0 && i > 1)?.atMs ?? 0;
        const times = new SentTimes();
        const alone = ({ sent, atMs }: Received): Received => ({ sent, atMs: times.at(sent, atMs) });
        const before = received.filter(({ atMs }) => atMs < firstReadMs).map(alone);
        const seen = [...before, ...times.inBurst(received.filter(({ atMs }) => atMs >= firstReadMs))];
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(seen, kind) - nextAtMs)).toBeLessThan(200);
      }),
    );
  });

  it('never says that a sample was sent before the one in front of it, nor after it was received', () => {
    const sampleArb = fc.record({
      track: fc.constantFrom('video', 'audio'),
      dts: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: -(2 ** 33), max: 2 ** 33 })),
      afterMs: fc.nat(3_000),
    });
    fc.assert(
      fc.property(fc.array(sampleArb), fc.boolean(), (samples, isBurst) => {
        let nowMs = 0;
        const received = samples.map(({ track, dts, afterMs }) => {
          nowMs += afterMs;
          return { sent: { kind: 'video' as const, track, dts, timescale: 90_000 }, atMs: nowMs };
        });
        const times = new SentTimes();
        const all = isBurst
          ? times.inBurst(received)
          : received.map(({ sent, atMs }) => ({ sent, atMs: times.at(sent, atMs) }));
        expect(all.map(({ sent }) => sent)).toEqual(received.map(({ sent }) => sent));
        for (const [i, { atMs }] of all.entries()) {
          expect(atMs).toBeGreaterThanOrEqual(all[i - 1]?.atMs ?? Number.NEGATIVE_INFINITY);
          expect(atMs).toBeLessThanOrEqual(received[i]?.atMs ?? 0);
        }
      }),
    );
  });

  it('tells no gap behind a publisher who was slower than the clock for long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 80, max: 100 }), (percent) => {
        const slow = publisher(0, SLOW_LENGTH_MS).map(({ sent, atMs }) => ({
          sent,
          atMs: (100 * atMs) / percent,
        }));
        const nextAtMs = (100 * SLOW_LENGTH_MS) / percent;
        const received = [...slow, ...publisher(nextAtMs, LENGTH_MS)];
        const seen = sentOf(received, Number.POSITIVE_INFINITY);
        for (const kind of ['video', 'audio'] as const)
          expect(Math.abs(shiftMs(seen, kind) - SLOW_LENGTH_MS)).toBeLessThan(100);
      }),
      { numRuns: 20 },
    );
  });
});
