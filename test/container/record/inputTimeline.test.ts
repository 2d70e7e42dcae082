import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputTimeline, type TimelineSeam } from '../../../container/record/inputTimeline.ts';

const SAME: TimelineSeam = { kind: 'sameTimeline' };
const AGAIN: TimelineSeam = { kind: 'again' };

describe('InputTimeline', () => {
  interface Facts {
    readonly seam: TimelineSeam;
    readonly byClock: number;
    readonly firstMs: number;
    readonly endAtMs: number | undefined;
  }
  function join(timeline: InputTimeline, facts: Partial<Facts>): number {
    const { seam = SAME, byClock = 0, firstMs = 0, endAtMs } = facts;
    timeline.begin(seam);
    return timeline.zeroAtMs(byClock, firstMs, endAtMs);
  }

  it('knows nothing of a source without a time of its own', () => {
    const timeline = new InputTimeline();
    timeline.begin();
    expect(timeline.zeroAtMs(1_000, 0, undefined)).toBe(1_000);
    timeline.begin();
    expect(timeline.zeroAtMs(9_000, 0, 5_000)).toBe(9_000);
    expect(timeline.mayRepeat).toBe(false);
  });

  it('goes by the source, whenever its segments arrive', () => {
    const timeline = new InputTimeline();
    expect(join(timeline, { byClock: 1_000, firstMs: 100_000 })).toBe(1_000);
    expect(timeline.mayRepeat).toBe(false);
    expect(join(timeline, { seam: AGAIN, byClock: 9_000, firstMs: 104_000, endAtMs: 105_500 })).toBe(1_000);
    expect(timeline.mayRepeat).toBe(true);
    expect(join(timeline, { byClock: 900_000, firstMs: 106_000, endAtMs: 107_000 })).toBe(1_000);
    // What overlaps there has not come before.
    expect(timeline.mayRepeat).toBe(false);
  });

  it('puts another timeline behind what is recorded, with the gap that is known', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e6), fc.nat(1e6), (firstMs, endAtMs, gapMs) => {
        const timeline = new InputTimeline();
        join(timeline, { byClock: 7 });
        const seam: TimelineSeam = { kind: 'newTimeline', gapMs };
        const zeroAtMs = join(timeline, { seam, byClock: 1, firstMs, endAtMs });
        expect(zeroAtMs + firstMs).toBe(endAtMs + gapMs);
        expect(timeline.mayRepeat).toBe(false);
        // What follows is counted from there.
        expect(join(timeline, { firstMs: firstMs + 2_000, endAtMs: endAtMs + gapMs + 2_000 })).toBe(zeroAtMs);
      }),
    );
  });

  it('goes on over the end of the transport stream clock', () => {
    const wrapMs = 2 ** 33 / 90;
    const timeline = new InputTimeline();
    const zeroAtMs = join(timeline, { byClock: 50_000, firstMs: wrapMs - 10_000 });
    const endAtMs = zeroAtMs + wrapMs + 2_500;
    expect(join(timeline, { firstMs: 2_000, endAtMs })).toBeCloseTo(zeroAtMs + wrapMs, 3);
  });

  it("goes by the source's own times, whatever was taken off them in each run", () => {
    const timeline = new InputTimeline();
    timeline.begin(SAME, 7_200_000);
    expect(timeline.zeroAtMs(1_000, 100, undefined)).toBe(1_000);
    // Two hours later, of which one is missing.
    timeline.begin(SAME, 14_400_000);
    const zeroAtMs = timeline.zeroAtMs(5, 300, 1_000 + 3_600_000);
    expect(zeroAtMs).toBe(1_000 + 7_200_000);
    timeline.begin({ kind: 'newTimeline', gapMs: 40 }, 0);
    expect(timeline.zeroAtMs(5, 300, 9_000_000)).toBe(9_000_000 + 40 - 300);
  });

  it('goes on with the clock to which the source jumped within the run before', () => {
    const timeline = new InputTimeline();
    join(timeline, { byClock: 1_000, firstMs: 0 });
    timeline.begin(SAME, 0, 1_269);
    expect(timeline.zeroAtMs(9_000, 5_794, 8_063)).toBe(2_269);
    // Over one connection the timeline itself knows of it.
    timeline.begin({ kind: 'sameConnection' }, 0, 500);
    expect(timeline.zeroAtMs(9_000, 6_000, 8_269)).toBe(2_269);
  });

  it('is told by what comes again where that began before a jump', () => {
    const timeline = new InputTimeline();
    join(timeline, { byClock: 1_000, firstMs: 0 });
    timeline.begin(AGAIN, 50, 1_269);
    expect(timeline.zeroAtMs(9_000, 1_000, 8_063, 1_050)).toBe(1_050);
  });
});
