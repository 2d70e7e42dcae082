import { expect, it } from 'vitest';
import { FileEnd } from '../../../container/record/fileEnd.ts';
import { SourceConnection } from '../../../container/record/sourceConnection.ts';
import type { Fragment } from '../../../functions/core/media/types.ts';

const MEDIA = { zeroAtMs: 0 };
const fragment = (times: Partial<Fragment>): Fragment => ({
  ...{ bytes: Buffer.alloc(0), startMs: 0, endMs: 0, keyframe: true },
  ...times,
});

/** @returns the end of a file that begins at zero */
function fileUntil(picturesUntilMs: number, soundUntilMs: number): FileEnd {
  const end = new FileEnd(0);
  end.take(fragment({ picturesUntilMs, soundUntilMs }), 0);
  return end;
}

/** @returns where a run with a clock of its own has its pictures, when they, or sound, lead by so much */
function picturesBehind(
  end: FileEnd,
  leads: { readonly picturesMs?: number; readonly soundMs?: number },
): number {
  const connection = new SourceConnection();
  connection.begin({}, 0);
  connection.settle(MEDIA, fragment({}), undefined);
  connection.begin({ seam: { kind: 'newTimeline', gapMs: 0 } }, 0);
  const picturesFromMs = 500_000 + (leads.soundMs ?? 0);
  const soundFromMs = 500_000 + (leads.picturesMs ?? 0);
  return (
    connection.settle(MEDIA, fragment({ startMs: 500_000, picturesFromMs, soundFromMs }), end) +
    picturesFromMs
  );
}

it.each([
  ['goes on where it had ended, and its pictures behind those before', 8_000, 2_000, 10_000],
  ['goes on where it had ended, within a fragment', 9_500, 500, 10_000],
  ['is behind that where it has ended later', 9_000, 2_500, 11_500],
  ['that has not ended before the pictures is behind them', 10_000, 700, 10_700],
])('sound that leads on a clock of its own %s', (_what, soundUntilMs, soundMs, atMs) => {
  expect(picturesBehind(fileUntil(10_000, soundUntilMs), { soundMs })).toBe(atMs);
});

it.each([
  ['go on where those before had ended, and its sound behind that before', 10_080, 80, 10_000],
  ['leave as much out as sound goes on', 10_080, 20, 10_060],
])('pictures that lead on a clock of their own %s', (_what, soundUntilMs, picturesMs, atMs) => {
  expect(picturesBehind(fileUntil(10_000, soundUntilMs), { picturesMs })).toBe(atMs);
});

it('what was moved in the record stays so for what goes on with the same times', () => {
  const connection = new SourceConnection();
  connection.begin({ seam: { kind: 'newTimeline', gapMs: 0 } }, 0);
  connection.settle({ zeroAtMs: 7_000 }, fragment({ startMs: 100 }), undefined);
  connection.begin({ seam: { kind: 'sameTimeline' } }, 0);
  expect(connection.settle(MEDIA, fragment({ startMs: 900 }), fileUntil(8_000, 8_000))).toBe(7_000);
  connection.move(80);
  expect(connection.settle(MEDIA, fragment({ startMs: 900 }), fileUntil(8_000, 8_000))).toBe(7_080);
  connection.begin({ seam: { kind: 'sameTimeline' } }, 0);
  expect(connection.settle(MEDIA, fragment({ startMs: 1_900 }), fileUntil(9_000, 9_000))).toBe(7_080);
});

it.each<[string, Partial<Fragment>, boolean]>([
  ['pictures that there are already', { startMs: 9_600, picturesFromMs: 9_600, soundFromMs: 10_200 }, true],
  ['sound that there is already', { startMs: 9_600, soundFromMs: 9_600 }, true],
  ['not pictures that go on behind those that there are', { startMs: 10_000, picturesFromMs: 10_000 }, false],
])('of what comes again is left out: %s', (_what, times, isLeftOut) => {
  const connection = new SourceConnection();
  connection.begin({ seam: { kind: 'newTimeline', gapMs: 0 } }, 0);
  connection.settle(MEDIA, fragment({}), undefined);
  connection.begin({ seam: { kind: 'again' } }, 0);
  // Its sound had come for longer when ffmpeg went.
  const end = fileUntil(10_000, 10_200);
  const first = fragment(times);
  expect(connection.isRepeated(first, connection.settle(MEDIA, first, end), end)).toBe(isLeftOut);
});
