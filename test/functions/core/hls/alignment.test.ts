import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align, settle, type TakenSegment } from '../../../../functions/core/hls/alignment.ts';
import type { MediaSegment } from '../../../../functions/core/hls/playlist.ts';

const segment = (sequence: number | bigint, uri: string): MediaSegment => ({
  sequence: BigInt(sequence),
  uri,
  durationMs: 1_000,
  range: undefined,
  isDiscontinuity: false,
  isGap: false,
  init: undefined,
  key: undefined,
  dateMs: undefined,
});
const list = (from: number, ...uris: readonly string[]): MediaSegment[] =>
  uris.map((uri, i) => segment(from + i, uri));
const taken = (from: number, ...uris: readonly string[]): TakenSegment[] =>
  list(from, ...uris).map(({ sequence, uri }) => ({ sequence, uri, offset: 0 }));

describe('a playlist that is loaded again', () => {
  it('goes on after what was taken, however its window has moved', () => {
    const window = fc.record({
      base: fc.nat(1e6),
      taken: fc.integer({ min: 1, max: 20 }),
      slid: fc.nat(30),
      length: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(window, ({ base, taken: count, slid, length }) => {
        const names = (from: number, n: number): string[] =>
          Array.from({ length: n }, (_, i) => `s${from + i}.ts`);
        const before = taken(base, ...names(base, count));
        const from = base + slid;
        const now = list(from, ...names(from, length));
        const next = base + count;
        const alignment = align(before, now);
        // A playlist that has nothing of what was taken, and should have, is looked at more closely.
        if (from + length < next && alignment.kind === 'doubtful') return;
        expect(alignment).toEqual({
          kind: 'continues',
          from: Math.max(0, next - from),
          missed: Math.max(0, from - next),
        });
      }),
    );
  });

  it.each([
    ['from its beginning where nothing was taken', [], list(5, 'a', 'b'), { from: 0, missed: 0 }],
    [
      'with numbers that never change',
      taken(0, 'a', 'b', 'c'),
      list(0, 'b', 'c', 'd'),
      { from: 2, missed: 0 },
    ],
    [
      'with a name that comes again and again',
      taken(3, 'a', 'slate'),
      list(3, 'a', 'slate', 'slate', 'slate', 'b'),
      { from: 2, missed: 0 },
    ],
    [
      'with a name that comes again and again, of which some have gone by',
      taken(3, 'a', 'slate', 'slate'),
      list(7, 'slate', 'b'),
      { from: 0, missed: 1 },
    ],
    [
      'with a name that comes again and other numbers',
      taken(100, 'a', 'slate', 'b', 'slate'),
      list(0, 'b', 'slate', 'c', 'slate'),
      { from: 2, missed: 0 },
    ],
    [
      'with other tokens in its folders and queries',
      taken(7, 'x1/a.ts?t=1', 'x1/b.ts?t=1'),
      list(7, '/x2/a.ts?t=2', '/x2/b.ts?t=2', '/x2/c.ts?t=2'),
      { from: 2, missed: 0 },
    ],
    ['with names in the query alone', taken(1, 's?n=1'), list(1, 's?n=1', 's?n=2'), { from: 1, missed: 0 }],
  ] as const)('goes on %s', (_what, before, now, expected) => {
    expect(align(before, now)).toEqual({ kind: 'continues', ...expected });
  });

  it('has begun again where its numbers and names are new', () => {
    expect(align(taken(503, 'a3', 'a4', 'a5', 'a6'), list(0, 'b0'))).toEqual({ kind: 'restarted', from: 0 });
  });

  describe('that went back', () => {
    const before = taken(0, 's0', 's1', 's2', 's3', 's4');

    it('is stale, or has begun again with the same names: a segment says which', () => {
      const doubt = align(before, list(0, 's0', 's1', 's2'));
      expect(doubt).toMatchObject({ kind: 'doubtful', index: 2, taken: { uri: 's2' } });
      if (doubt.kind !== 'doubtful') return;
      expect(settle(doubt, true, before)).toMatchObject({ kind: 'continues', from: 5 });
      expect(settle(doubt, false, before)).toEqual({ kind: 'restarted', from: 0 });
    });

    it('and has other names at the same numbers is looked at, too', () => {
      const doubt = align(before, list(2, 't2', 't3', 't4', 't5'));
      expect(doubt).toMatchObject({ kind: 'doubtful', index: 2, taken: { uri: 's4' } });
      if (doubt.kind !== 'doubtful') return;
      expect(settle(doubt, true, before)).toMatchObject({ kind: 'continues', from: 3 });
    });
  });

  it('is counted by numbers beyond what a number holds', () => {
    const base = 2n ** 63n;
    const before = [{ sequence: base, uri: 'a', offset: 0 }];
    expect(align(before, [segment(base + 3n, 'd')])).toEqual({ kind: 'continues', from: 0, missed: 2 });
  });
});
