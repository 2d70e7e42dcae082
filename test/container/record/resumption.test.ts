import { expect, it } from 'vitest';
import { FileEnd } from '../../../container/record/fileEnd.ts';
import { resumption } from '../../../container/record/resumption.ts';
import type { Fragment } from '../../../functions/core/media/types.ts';

const ZERO_AT_MS = 1_700_000_000_000;
const fragment = (times: Partial<Fragment>): Fragment => ({
  ...{ bytes: Buffer.alloc(0), startMs: 0, endMs: 0, keyframe: true },
  ...times,
});

/** A file of ten seconds of pictures. @returns where a fragment goes on in it by its own times */
function joined(soundUntilMs: number, first: Partial<Fragment> & Pick<Fragment, 'startMs'>) {
  const end = new FileEnd(ZERO_AT_MS);
  end.take(fragment({ picturesUntilMs: 10_000, soundUntilMs }), ZERO_AT_MS);
  const durationMs = end.atMs - ZERO_AT_MS;
  return resumption(fragment(first), ZERO_AT_MS + first.startMs, 'bySource', durationMs, end);
}

const AT_ITS_TIME = { movedMs: 0, gap: undefined };

it('pictures go on right behind those before, also where sound goes on behind them', () => {
  const first = { startMs: 10_000, picturesFromMs: 10_000, soundFromMs: 10_080 };
  expect(joined(10_080, first)).toEqual({ positionMs: 10_000, ...AT_ITS_TIME });
});

it('sound that had ended before the pictures goes on there', () => {
  const first = { startMs: 9_000, picturesFromMs: 10_000, soundFromMs: 9_000 };
  expect(joined(9_000, first)).toEqual({ positionMs: 9_000, ...AT_ITS_TIME });
});

it('sound that had ended before the pictures goes on there, also where no pictures have come with it', () => {
  expect(joined(9_000, { startMs: 9_000, soundFromMs: 9_000 })).toEqual({
    positionMs: 9_000,
    ...AT_ITS_TIME,
  });
});

it('what would lie over pictures is moved behind all that there is', () => {
  const first = { startMs: 9_400, picturesFromMs: 9_400, soundFromMs: 9_400 };
  expect(joined(10_080, first)).toEqual({ positionMs: 10_080, movedMs: 680, gap: undefined });
});

it('what is missing is a gap, by which nothing is moved', () => {
  const first = { startMs: 12_000, picturesFromMs: 12_000 };
  const gap = { atMs: 10_000, durationMs: 2_000 };
  expect(joined(10_000, first)).toEqual({ positionMs: 12_000, movedMs: 0, gap });
});
