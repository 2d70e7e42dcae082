import { describe, expect, it } from 'vitest';
import { InputTimeline } from '../../../container/record/inputTimeline.ts';

describe('InputTimeline', () => {
  function join(timeline: InputTimeline, isJoined: boolean, byClock: number): number {
    timeline.begin();
    if (isJoined) timeline.join();
    return timeline.zeroAtMs(byClock);
  }

  it('knows nothing of a source without a time of its own', () => {
    const timeline = new InputTimeline();
    expect(join(timeline, false, 1_000)).toBe(1_000);
    expect(join(timeline, false, 9_000)).toBe(9_000);
    expect(timeline.goesOn).toBe(false);
  });

  it('goes by the source, whenever its segments arrive', () => {
    const timeline = new InputTimeline();
    expect(join(timeline, true, 1_000)).toBe(1_000);
    expect(timeline.goesOn).toBe(false);
    expect(join(timeline, true, 5_000)).toBe(1_000);
    expect(timeline.goesOn).toBe(true);
    expect(join(timeline, true, 3_500)).toBe(1_000);
  });

  it.each([
    ['back', 109_000],
    ['forward', -791_000],
  ])('begins anew when that time has jumped %s', (_way, zeroAtMs) => {
    const timeline = new InputTimeline();
    join(timeline, true, 1_000);
    expect(join(timeline, true, zeroAtMs)).toBe(zeroAtMs);
    expect(timeline.goesOn).toBe(false);
    expect(join(timeline, true, zeroAtMs + 1_000)).toBe(zeroAtMs);
    expect(timeline.goesOn).toBe(true);
  });
});
