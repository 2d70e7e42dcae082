import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stretches, totalMs } from '../../../clients/web/timelineModel.ts';

type Parts = Parameters<typeof stretches>[0]['parts'];

const ZERO_MS = Date.parse('2026-11-28T10:00:00.000Z');
const iso = (ms: number): string => new Date(ZERO_MS + ms).toISOString();

describe('a recording in wall-clock time', () => {
  it('has its parts, what is missing between them, and gaps within', () => {
    const parts: Parts = [
      {
        part: 1,
        status: 'available',
        startTime: iso(0),
        endTime: iso(10_000),
        gaps: [{ atMs: 4_000, durationMs: 2_000 }],
      },
      { part: 2, status: 'available', startTime: iso(13_000), endTime: iso(20_000), gapBeforeMs: 3_000 },
      { part: 3, status: 'recording', startTime: iso(20_000) },
    ];
    const found = stretches({ parts }, ZERO_MS + 25_000);
    expect(
      found.map(({ kind, part, startMs, endMs, cause }) => [
        kind,
        part,
        startMs - ZERO_MS,
        endMs - ZERO_MS,
        cause,
      ]),
    ).toEqual([
      ['recorded', 1, 0, 4_000, undefined],
      ['missing', 1, 4_000, 6_000, 'the source was away'],
      ['recorded', 1, 6_000, 10_000, undefined],
      ['missing', 2, 10_000, 13_000, 'the recorder was replaced'],
      ['recorded', 2, 13_000, 20_000, undefined],
      ['recorded', 3, 20_000, 25_000, undefined],
    ]);
    expect(totalMs(found, 'recorded')).toBe(20_000);
    expect(totalMs(found, 'missing')).toBe(5_000);
  });

  it('has no holes and no stretch that ends before it begins, whatever the parts', () => {
    const length = fc.integer({ min: 1, max: 100_000 });
    const part = fc.record({
      pauseMs: fc.nat({ max: 5_000 }),
      lastsMs: length,
      gaps: fc.array(fc.record({ atMs: fc.nat({ max: 120_000 }), durationMs: length }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (given) => {
        let atMs = 0;
        const parts: Parts = given.map(({ pauseMs, lastsMs, gaps }, index) => {
          const startMs = atMs + pauseMs;
          atMs = startMs + lastsMs;
          const sorted = [...gaps].sort((a, b) => a.atMs - b.atMs);
          return {
            part: index + 1,
            status: 'available',
            startTime: iso(startMs),
            endTime: iso(atMs),
            gaps: sorted,
          };
        });
        const found = stretches({ parts }, ZERO_MS);
        for (const [index, one] of found.entries()) {
          expect(one.endMs).toBeGreaterThan(one.startMs);
          if (index > 0) expect(one.startMs).toBe(found[index - 1]?.endMs);
        }
      }),
    );
  });
});
