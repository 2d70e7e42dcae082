import { describe, expect, it } from 'vitest';
import { RunCut } from '../../../../container/source/hls/runCut.ts';
import { SoundClock } from '../../../../container/source/hls/soundClock.ts';
import { type SegmentFacts, seamBetween } from '../../../../functions/core/hls/seam.ts';

const NEVER = new AbortController().signal;
const LONG_MS = 2 ** 31 - 1;

function segment(startMs: number, changes: Partial<SegmentFacts> = {}): SegmentFacts {
  const unsaid = { setup: undefined, dateMs: undefined, isDiscontinuity: false, missedMs: 0 };
  return { kind: 'fmp4', startMs, durationMs: 1_000, ...unsaid, foundAtMs: 0, seenAtMs: 0, ...changes };
}

/** Sound that has come to 5 s, and begins anew with its next segment. */
function goesBack(clock: SoundClock, cut: RunCut, changes: Partial<SegmentFacts> = {}): Promise<boolean> {
  const [before, facts] = [segment(4_000), segment(0, changes)];
  return clock.goesBack({ facts, seam: seamBetween(before, facts) }, before, cut, NEVER);
}

describe('SoundClock', () => {
  it('stays in the run with sound that goes back while its pictures go on, until they are cut', async () => {
    const [clock, cut] = [new SoundClock(), new RunCut(LONG_MS)];
    const isIn = goesBack(clock, cut);
    cut.know(segment(4_000));
    cut.know(segment(5_000));
    expect(await isIn).toBe(true);
    // Its next one waits for pictures as if it had not gone back, and belongs to the next run where they are cut.
    expect(clock.besides(segment(1_000)).startMs).toBe(6_000);
    cut.cutAfter(segment(5_000));
    expect(cut.isBefore(clock.besides(segment(1_000)), false)).toBe(true);
  });

  it.each<[string, (cut: RunCut) => void, Partial<SegmentFacts>]>([
    ['its pictures are cut there', (cut) => cut.cutAfter(segment(4_000)), {}],
    ['there are no more pictures', (cut) => cut.know(undefined), {}],
    ['it is called a discontinuity', (cut) => cut.know(segment(5_000)), { isDiscontinuity: true }],
    ['it is made in another way', (cut) => cut.know(segment(5_000)), { kind: 'ts' }],
    ['it goes ahead', (cut) => cut.know(segment(5_000)), { startMs: 90_000 }],
  ])('leaves the run to its end where %s', async (_what, know, changes) => {
    const [clock, cut] = [new SoundClock(), new RunCut(LONG_MS)];
    know(cut);
    expect(await goesBack(clock, cut, changes)).toBe(false);
    expect(clock.besides(segment(1_000)).startMs).toBe(1_000);
  });

  it('waits no longer for pictures than for others', async () => {
    expect(await goesBack(new SoundClock(), new RunCut(0))).toBe(false);
  });

  it('knows sound that begins a run where its pictures come to within their segment', () => {
    const clock = new SoundClock();
    clock.begin(segment(94_000), segment(0), 95_000);
    expect(clock.besides(segment(1_000)).startMs).toBe(96_000);
    // The next run begins with both.
    clock.begin(segment(0), segment(1_000), 1_000);
    expect(clock.besides(segment(1_000)).startMs).toBe(1_000);
  });

  it('keeps sound of the clock before in its run that has the same times as the pictures behind that', () => {
    const cut = new RunCut(LONG_MS);
    cut.know(segment(4_000));
    cut.cutAfter(segment(4_000));
    expect(cut.isBefore(new SoundClock().besides(segment(2_000)), false)).toBe(false);
  });
});
