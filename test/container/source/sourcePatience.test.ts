import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourcePatience } from '../../../container/source/sourcePatience.ts';

const OPEN_MS = 15_000;
const WINDOW_MS = 30_000;
const settings = { openTimeoutMs: OPEN_MS, reconnectWindowMs: WINDOW_MS };
const HOUR_MS = 3_600_000;

describe('SourcePatience', () => {
  it('waits for a source that is not there yet, all tries together', () => {
    const patience = new SourcePatience(settings, 0);
    expect(patience.openTimeoutMs(0)).toBe(OPEN_MS);
    expect(patience.openTimeoutMs(10_000)).toBe(5_000);
    expect(patience.mayStillOpen(OPEN_MS - 1)).toBe(true);
    expect(patience.mayStillOpen(OPEN_MS)).toBe(false);
    // ffmpeg is never given no time at all.
    expect(patience.openTimeoutMs(OPEN_MS)).toBe(1_000);
  });

  it('asks again for a stream that its server does not know, if it was asked for as it began, and while it may open', () => {
    const patience = new SourcePatience(settings, 0);
    expect(patience.mayJustBegin(-1_000, 3_999)).toBe(true);
    expect(patience.mayJustBegin(-1_000, 4_000)).toBe(false);
    // By a clock that is hours behind.
    expect(patience.mayJustBegin(HOUR_MS, OPEN_MS - 1)).toBe(true);
    expect(patience.mayJustBegin(HOUR_MS, OPEN_MS)).toBe(false);
    patience.heard();
    expect(patience.mayJustBegin(0, 1)).toBe(false);
  });

  it('gives ffmpeg its whole time again when the parameters change in the middle of a recording', () => {
    const patience = new SourcePatience(settings, 0);
    patience.heard();
    expect(patience.openTimeoutMs(HOUR_MS)).toBe(OPEN_MS);
    // And after a loss that is over.
    patience.lose(2 * HOUR_MS);
    patience.heard();
    expect(patience.openTimeoutMs(3 * HOUR_MS)).toBe(OPEN_MS);
  });

  it('gives ffmpeg its whole time for another plan, however long it took to say what the source sends', () => {
    const patience = new SourcePatience(settings, 0);
    expect(patience.replan()).toBe(true);
    expect(patience.openTimeoutMs(OPEN_MS - 1_000)).toBe(OPEN_MS);
    // Who then sends nothing is not waited for again.
    expect(patience.mayStillOpen(OPEN_MS)).toBe(false);
  });

  it('gives a lost source what is left of the reconnect window, and a try within it time to be looked at', () => {
    const patience = new SourcePatience(settings, 0);
    patience.heard();
    expect(patience.lose(HOUR_MS)).toEqual({ isOver: false, tries: 0, backoffMs: 0 });
    expect(patience.openTimeoutMs(HOUR_MS + WINDOW_MS - 8_000)).toBe(8_000);
    expect(patience.openTimeoutMs(HOUR_MS + WINDOW_MS - 1)).toBe(6_000);
    expect(patience.lose(HOUR_MS + WINDOW_MS - 1)).toMatchObject({ isOver: false, tries: 1 });
    expect(patience.lose(HOUR_MS + WINDOW_MS)).toMatchObject({ isOver: true, tries: 2 });
  });

  it('waits longer and longer between tries, up to a limit', () => {
    const patience = new SourcePatience(settings, 0);
    const delays = Array.from({ length: 8 }, () => patience.lose(0).backoffMs);
    expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 3_000, 3_000, 3_000]);
  });

  it('takes any number of changes in a day, and five plans in a row that give nothing', () => {
    const patience = new SourcePatience(settings, 0);
    for (let change = 0; change < 100; change++) {
      expect(patience.replan()).toBe(true);
      patience.heard();
    }
    const inARow = Array.from({ length: 6 }, () => patience.replan());
    expect(inARow).toEqual([true, true, true, true, true, false]);
  });

  it('never gives ffmpeg less than a second, nor more than it is allowed', () => {
    const event = fc.record({
      afterMs: fc.integer({ min: 0, max: HOUR_MS }),
      what: fc.constantFrom('heard', 'lose', 'replan'),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const patience = new SourcePatience(settings, 0);
        let nowMs = 0;
        for (const { afterMs, what } of events) {
          nowMs += afterMs;
          if (what === 'lose') patience.lose(nowMs);
          else if (what === 'replan') patience.replan();
          else {
            patience.heard();
            expect(patience.openTimeoutMs(nowMs)).toBe(OPEN_MS);
          }
          const timeoutMs = patience.openTimeoutMs(nowMs);
          expect(timeoutMs).toBeGreaterThanOrEqual(1_000);
          expect(timeoutMs).toBeLessThanOrEqual(OPEN_MS);
        }
      }),
    );
  });
});
