import { describe, expect, it } from 'vitest';
import { InputTimeline } from '../../../container/record/inputTimeline.ts';

describe('InputTimeline', () => {
  function join(timeline: InputTimeline, startMs: number | undefined, byClock: number): number {
    timeline.begin();
    if (startMs !== undefined) timeline.join(startMs);
    return timeline.zeroAtMs(byClock);
  }

  it('knows nothing of a source without a time of its own', () => {
    const timeline = new InputTimeline();
    expect(join(timeline, undefined, 1_000)).toBe(1_000);
    expect(join(timeline, undefined, 9_000)).toBe(9_000);
    expect(timeline.goesOn).toBe(false);
  });

  it('goes by the source, whenever its segments arrive', () => {
    const timeline = new InputTimeline();
    expect(join(timeline, 100_000, 1_000)).toBe(1_000);
    expect(timeline.goesOn).toBe(false);
    expect(join(timeline, 104_000, 9_000)).toBe(5_000);
    expect(timeline.goesOn).toBe(true);
    expect(join(timeline, 106_000, 9_500)).toBe(7_000);
  });

  it.each([
    ['back', 0],
    ['forward', 900_000],
  ])('begins anew when that time has jumped %s', (_way, startMs) => {
    const timeline = new InputTimeline();
    join(timeline, 100_000, 1_000);
    expect(join(timeline, startMs, 9_000)).toBe(9_000);
    expect(timeline.goesOn).toBe(false);
    expect(join(timeline, startMs + 2_000, 12_000)).toBe(11_000);
    expect(timeline.goesOn).toBe(true);
  });
});
