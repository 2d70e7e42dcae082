import { describe, expect, it } from 'vitest';
import { MadeUpTimes } from '../../../../../functions/core/media/nut/madeUpTimes.ts';

const SECOND = 90_000;
const FRAME = SECOND / 25;

/** As ffmpeg 5.1 says them of MPEG-TS without decoding times and two B-pictures: decoded, shown. */
const SAID = [
  [37, 37],
  [40, 40],
  [41, 38],
  [38, 39],
  [39, 42],
  [40, 41],
  [41, 45],
  [42, 43],
  [43, 44],
] as const;

function placed(said: readonly (readonly [decoded: number, shown: number])[]) {
  const times = new MadeUpTimes(SECOND);
  return said
    .map(([decoded, shown]) => times.next({ dts: decoded * FRAME, offset: (shown - decoded) * FRAME }))
    .map(({ dts, offset }) => ({ decoded: dts / FRAME, shown: (dts + offset) / FRAME }));
}

describe('decoding times that ffmpeg has made up', () => {
  it('grow, and pictures are shown when they say', () => {
    const found = placed(SAID);
    expect(found.map(({ shown }) => shown)).toEqual(SAID.map(([, shown]) => shown));
    for (const [i, { decoded }] of found.entries())
      if (i > 0) expect(decoded).toBeGreaterThan(found[i - 1]?.decoded ?? 0);
    // They have caught up.
    expect(found.at(-1)?.decoded).toBe(43);
  });

  it.each<readonly [string, readonly (readonly [number, number])[]]>([
    [
      'are as they come where each is shown later',
      [
        [1, 2],
        [2, 5],
        [3, 3],
        [4, 4],
        [3, 6],
        [4, 7],
      ],
    ],
    [
      'step back where a clock does, by seconds',
      [
        [100, 99],
        [101, 102],
        [10, 12],
        [11, 11],
      ],
    ],
    [
      'are as they come once they have caught up',
      [
        [9, 8],
        [10, 10],
        [9, 9],
        [10, 11],
      ],
    ],
  ])('%s', (_what, said) => {
    expect(placed(said)).toEqual(said.map(([decoded, shown]) => ({ decoded, shown })));
  });

  it('are looked for among the first pictures alone', () => {
    const before = Array.from({ length: 16 }, (_, i) => [i, i] as const);
    const behind = [
      [16, 15],
      [14, 17],
    ] as const;
    expect(
      placed([...before, ...behind])
        .slice(-2)
        .map(({ decoded }) => decoded),
    ).toEqual([16, 14]);
  });
});
