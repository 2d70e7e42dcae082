import { expect, it } from 'vitest';
import { SourceConnection } from '../../../container/record/sourceConnection.ts';
import type { Fragment } from '../../../functions/core/media/types.ts';

const MEDIA = { zeroAtMs: 0 };
const fragment = (times: Partial<Fragment>): Fragment => ({
  ...{ bytes: Buffer.alloc(0), startMs: 0, endMs: 0, keyframe: true },
  ...times,
});

/** Pictures of ten seconds, and sound of as many. @returns where a run with a clock of its own has its pictures */
function picturesAfter(soundSeconds: number, leadMs: number): number {
  const connection = new SourceConnection();
  connection.begin({}, 0);
  connection.settle(MEDIA, fragment({}), undefined);
  for (let ms = 0; ms < 10_000; ms += 1_000) {
    const soundUntilMs = Math.min(ms + 1_000, soundSeconds * 1_000);
    connection.take(
      fragment({ startMs: ms, endMs: ms + 1_000, ...(soundUntilMs > ms ? { soundUntilMs } : {}) }),
    );
  }
  connection.begin({ seam: { kind: 'newTimeline', gapMs: 0 } }, 0);
  const picturesFromMs = 500_000 + leadMs;
  return connection.settle(MEDIA, fragment({ startMs: 500_000, picturesFromMs }), 10_000) + picturesFromMs;
}

it.each([
  ['goes on where it had ended, and its pictures behind those before', 8, 2_000, 10_000],
  ['goes on where it had ended, within a fragment', 9.5, 500, 10_000],
  ['is behind that where it has ended later', 9, 2_500, 11_500],
  ['that has not ended before the pictures is behind them', 10, 700, 10_700],
])('sound that leads on a clock of its own %s', (_what, soundSeconds, leadMs, atMs) => {
  expect(picturesAfter(soundSeconds, leadMs)).toBe(atMs);
});
