import { describe, expect, it } from 'vitest';
import { inputFor } from '../../../../container/source/hls/runInput.ts';
import { type SegmentFacts, WRAP_MS } from '../../../../functions/core/hls/seam.ts';

const facts = (kind: 'ts' | 'aac', startMs: number): SegmentFacts => ({
  ...{ kind, setup: undefined, startMs, durationMs: 2_000, dateMs: undefined },
  ...{ isDiscontinuity: false, missedMs: 0, foundAtMs: 0, seenAtMs: 0 },
});

/** What ffmpeg is to add to the times of packed sound, in seconds. */
function offsetOf(startMs: number): number {
  const main = { url: 'http://v', facts: facts('ts', startMs) };
  const sound = { url: 'http://a', facts: facts('aac', startMs) };
  const access = inputFor(main, [sound], { hasSoundInside: false, leftOut: [] }, 0, () => undefined);
  const options = access.others[0]?.options ?? [];
  return Number(options[options.indexOf('-itsoffset') + 1]);
}

describe('packed sound beside a transport stream', () => {
  it('has the times that ffmpeg says of the pictures, which are below zero where their clock is about to begin anew', () => {
    expect(offsetOf(5_000)).toBe(5);
    expect(offsetOf(WRAP_MS - 61_000)).toBeCloseTo(WRAP_MS / 1_000 - 61, 3);
    expect(offsetOf(WRAP_MS - 5_000)).toBeCloseTo(-5, 3);
  });
});
