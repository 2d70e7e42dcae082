import { describe, expect, it } from 'vitest';
import { type SentTag, VIDEO } from './media.ts';
import { pictureFaults } from './pictureFaults.ts';
import type { Happening } from './story.ts';

const FRAME_MS = 40;
const SENT_MS = 1_600;
const times = Array.from({ length: SENT_MS / FRAME_MS }, (_, i) => i * FRAME_MS);
const pictures = new Map(times.map((ms) => [String(ms), ms]));
const sent = times.map((trueMs) => ({ kind: VIDEO, trueMs, isHeader: false })) as SentTag[];
const shown = (fromMs: number, untilMs: number) =>
  times.filter((ms) => ms >= fromMs && ms < untilMs).map((ms) => ({ ms, hash: String(ms) }));
const faults = (parts: readonly (readonly [number, number])[], hasCache: boolean): string[] => {
  const happenings: Happening[] = [{ kind: 'cut', atMs: 0, hasCache }];
  return pictureFaults(
    parts.map(([fromMs, untilMs]) => shown(fromMs, untilMs)),
    sent,
    { happenings },
    pictures,
  );
};

describe('what is wrong with pictures', () => {
  it('is nothing where all are there once', () => {
    expect(faults([[0, SENT_MS]], true)).toEqual([]);
    expect(
      faults(
        [
          [0, 520],
          [520, SENT_MS],
        ],
        false,
      ),
    ).toEqual([]);
  });

  it('is nothing where the next part begins with the keyframe out of a cache', () => {
    expect(
      faults(
        [
          [0, 520],
          [400, SENT_MS],
        ],
        true,
      ),
    ).toEqual([]);
  });

  it('is what comes again without a cache, or is a whole GOP, or is missing', () => {
    expect(
      faults(
        [
          [0, 520],
          [400, SENT_MS],
        ],
        false,
      ),
    ).toEqual(['pictures come again, or go back: 400']);
    expect(
      faults(
        [
          [0, 840],
          [400, SENT_MS],
        ],
        true,
      ),
    ).toEqual(['pictures come again, or go back: 400']);
    expect(
      faults(
        [
          [0, 480],
          [520, SENT_MS],
        ],
        true,
      ),
    ).toEqual(['pictures are missing: 480']);
  });
});
