import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stretchesOf, totalMs } from '../../../../functions/core/api/timeline.ts';
import { placedParts } from '../../../../functions/core/clips/placedParts.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { PartObjects, RecordingObjects } from '../../../../functions/core/state/fold.ts';
import type { EndCode } from '../../../../functions/core/state/objects.ts';

interface PartFacts {
  readonly attempt?: number;
  readonly fromMs: number;
  /** Undefined: it is being recorded. */
  readonly toMs?: number;
  /** What both have says that it begins there in an earlier attempt's part. */
  readonly overlap?: { readonly earlier: number; readonly zeroMs: number };
  readonly gaps?: readonly { readonly atMs: number; readonly durationMs: number }[];
  readonly recovered?: boolean;
  readonly estimatedLossMs?: number;
}

function partOf(part: number, { attempt = 1, fromMs, toMs, ...facts }: PartFacts): PartObjects {
  const same = { part, attempt, key: 'k', uploadId: 'u', format: 'mp4' as const, tracks: [] };
  const open = { ...same, startTimeMs: fromMs, fileName: 'f', openedAtMs: fromMs };
  const { overlap, gaps, recovered = false, estimatedLossMs } = facts;
  const told = overlap === undefined ? {} : { overlap: { part, ...overlap } };
  if (toMs === undefined) return { open, ...told };
  return {
    open,
    ...told,
    final: {
      ...same,
      uploaded: [],
      bytes: 10,
      crc32: 'AAAAAA==',
      durationMs: toMs - fromMs,
      startTimeMs: fromMs,
      endTimeMs: toMs,
      startTimeMillis: fromMs,
      endTimeMillis: toMs,
      videoFrames: 1,
      recovered,
      finalizedAtMs: toMs,
      ...(gaps === undefined ? {} : { gaps: [...gaps] }),
      ...(estimatedLossMs === undefined ? {} : { estimatedLossMs }),
    },
  };
}

function recordingOf(
  parts: readonly PartFacts[],
  ends: Readonly<Record<number, EndCode>> = {},
): RecordingObjects {
  return {
    job: {
      recordingId: 'r',
      mediaSessionId: 'm',
      requestedAtMs: 0,
      requestId: 'q',
      source: { url: 'rtmp://h/a' },
      stream: { name: 's' },
      settings: DEFAULT_SETTINGS,
    },
    attempts: new Map(
      Object.entries(ends).map(([attempt, code]) => [
        Number(attempt),
        { end: { attempt: Number(attempt), endedAtMs: 1, by: 'x', reason: { code, message: 'x' } } },
      ]),
    ),
    parts: new Map(parts.map((facts, place) => [place + 1, partOf(place + 1, facts)])),
  };
}

const told = (recording: RecordingObjects) =>
  stretchesOf(recording).map(({ kind, part, startTimeMs, endTimeMs, atMs, cause }) => [
    cause ?? kind,
    part,
    startTimeMs,
    endTimeMs,
    atMs,
  ]);

describe('the timeline of a recording', () => {
  it('has its parts, and the gaps within them', () => {
    const parts = [
      { fromMs: 1_000, toMs: 11_000, gaps: [{ atMs: 4_000, durationMs: 2_000 }] },
      { fromMs: 11_000, toMs: 20_000 },
      { fromMs: 20_000 },
    ];
    const recording = recordingOf(parts);
    expect(told(recording)).toEqual([
      ['recorded', 1, 1_000, 5_000, 0],
      ['source_lost', 1, 5_000, 7_000, 4_000],
      ['recorded', 1, 7_000, 11_000, 6_000],
      ['recorded', 2, 11_000, 20_000, 0],
      ['recorded', 3, 20_000, undefined, 0],
    ]);
    expect(totalMs(stretchesOf(recording), 'recorded')).toBe(17_000);
    expect(totalMs(stretchesOf(recording), 'missing')).toBe(2_000);
  });

  it('says what a kill cost: from the last saved byte to the first frame of the next attempt', () => {
    const recording = recordingOf(
      [
        { fromMs: 0, toMs: 10_000, recovered: true, estimatedLossMs: 300 },
        { attempt: 2, fromMs: 13_500, toMs: 20_000 },
      ],
      { 1: 'recorder_failed' },
    );
    expect(told(recording)[1]).toEqual(['recorder_lost', 2, 10_000, 13_500, undefined]);
  });

  it('says what is known of it where no attempt followed', () => {
    const recording = recordingOf([{ fromMs: 0, toMs: 10_000, recovered: true, estimatedLossMs: 1_700 }]);
    expect(told(recording).at(-1)).toEqual(['recorder_lost', 1, 10_000, 11_700, undefined]);
  });

  it('tells a hand-over with a gap, and one with an overlap, which is no gap and is told once', () => {
    const ends = { 1: 'interrupted' } as const;
    expect(
      told(
        recordingOf(
          [
            { fromMs: 0, toMs: 10_000 },
            { attempt: 2, fromMs: 12_000, toMs: 20_000 },
          ],
          ends,
        ),
      )[1],
    ).toEqual(['hand_over', 2, 10_000, 12_000, undefined]);
    const overlapping = recordingOf(
      [
        { fromMs: 0, toMs: 10_000 },
        { attempt: 2, fromMs: 8_000, toMs: 20_000 },
      ],
      ends,
    );
    expect(told(overlapping)).toEqual([
      ['recorded', 1, 0, 8_000, 0],
      ['recorded', 2, 8_000, 20_000, 0],
    ]);
    expect(totalMs(stretchesOf(overlapping), 'recorded')).toBe(20_000);
  });

  it('tells what two attempts both recorded by what they have, and by their clocks where that says nothing', () => {
    // The second host's clock is 800 ms late, and the third is as late to it again; each goes on in another part.
    const recording = recordingOf([
      { fromMs: 1_000, toMs: 11_000 },
      { attempt: 2, fromMs: 9_800, toMs: 20_800, overlap: { earlier: 1, zeroMs: 8_000.25 } },
      { attempt: 2, fromMs: 20_800, toMs: 30_800 },
      { attempt: 3, fromMs: 30_600, toMs: 40_600, overlap: { earlier: 3, zeroMs: 9_000 } },
      { attempt: 4, fromMs: 50_000, toMs: 60_000, overlap: { earlier: 9, zeroMs: 1 } },
    ]);
    expect(told(recording)).toEqual([
      ['recorded', 1, 1_000, 9_000, 0],
      ['recorded', 2, 9_000, 20_000, 0],
      ['recorded', 3, 20_000, 29_000, 0],
      ['recorded', 4, 29_000, 39_000, 0],
      ['recorder_lost', 5, 39_000, 50_000, undefined],
      ['recorded', 5, 50_000, 60_000, 0],
    ]);
    expect(placedParts(recording).map(({ zeroMs, endMs }) => [zeroMs, endMs])).toEqual([
      [0, 8_000.25],
      [8_000.25, 19_000.25],
      [19_000.25, 28_000.25],
      [28_000.25, 38_000.25],
      [49_000, 59_000],
    ]);
  });

  it('tells a source that came back with other parameters, in a part of its own, as a source that was lost', () => {
    const recording = recordingOf([
      { fromMs: 0, toMs: 10_000 },
      { fromMs: 14_000, toMs: 20_000 },
    ]);
    expect(told(recording)[1]).toEqual(['source_lost', 2, 10_000, 14_000, undefined]);
  });

  it('has no hole, no overlap and no stretch that ends before it begins, whatever the parts', () => {
    const length = fc.integer({ min: 1, max: 100_000 });
    const part = fc.record({
      attempt: fc.integer({ min: 1, max: 3 }),
      fromMs: fc.nat(500_000),
      lastsMs: length,
      gaps: fc.array(fc.record({ atMs: fc.nat(120_000), durationMs: length }), { maxLength: 3 }),
      recovered: fc.boolean(),
      estimatedLossMs: fc.nat(10_000),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const found = stretchesOf(
          recordingOf(
            parts.map(({ lastsMs, gaps, ...facts }) => ({
              ...facts,
              toMs: facts.fromMs + lastsMs,
              gaps: gaps.toSorted((a, b) => a.atMs - b.atMs),
            })),
          ),
        );
        for (const [place, { startTimeMs, endTimeMs = Number.NaN }] of found.entries()) {
          expect(endTimeMs).toBeGreaterThan(startTimeMs);
          const before = found[place - 1]?.endTimeMs;
          if (before === undefined) continue;
          expect(startTimeMs - before).toBeGreaterThanOrEqual(0);
          expect(startTimeMs - before).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 300 },
    );
  });
});
