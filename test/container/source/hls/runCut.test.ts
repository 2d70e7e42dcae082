import { describe, expect, it } from 'vitest';
import { RunCut } from '../../../../container/source/hls/runCut.ts';
import type { SegmentFacts } from '../../../../functions/core/hls/seam.ts';

const NEVER = new AbortController().signal;
const LONG_MS = 2 ** 31 - 1;
/** A sound that is behind the pictures. */
const BEHIND = {};

function segment(startMs: number | undefined, durationMs = 1_000): SegmentFacts {
  const unsaid = { setup: undefined, dateMs: undefined, isDiscontinuity: false, missedMs: 0 };
  return { kind: 'fmp4', startMs, durationMs, ...unsaid, foundAtMs: 0, seenAtMs: 0 };
}

/** Whether nothing of the wait is left once all that is due has run. */
async function isOver(wait: Promise<void>): Promise<boolean> {
  let over: boolean = false;
  void wait.then(
    () => {
      over = true;
    },
    () => undefined,
  );
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

describe('RunCut', () => {
  it('lets sound wait for pictures of its time', async () => {
    const cut = new RunCut(LONG_MS);
    const wait = cut.untilKnown(segment(5_000), NEVER);
    expect(await isOver(wait)).toBe(false);
    cut.know(segment(4_000));
    expect(await isOver(wait)).toBe(false);
    // Their segments are not as long: what is nearer to this run is in it.
    cut.know(segment(5_000, 600));
    expect(await isOver(wait)).toBe(true);
  });

  it('tells sound that waits that the pictures are cut, and before which of its segments', async () => {
    const cut = new RunCut(LONG_MS);
    cut.know(segment(4_000));
    const wait = cut.untilKnown(segment(5_000), NEVER);
    cut.cutAfter(segment(4_000));
    expect(await isOver(wait)).toBe(true);
    expect([4_400, 4_500, 5_000].map((ms) => cut.isBefore(segment(ms), false))).toEqual([false, true, true]);
    expect([4_500, 4_850, 4_950].map((ms) => cut.isBefore(segment(ms), true))).toEqual([false, false, true]);
    // Where a clock begins anew, segments are as short as what was left.
    expect([4_920, 4_970].map((ms) => cut.isBefore(segment(ms, 80), true))).toEqual([false, true]);
  });

  it.each<[string, (cut: RunCut) => void, number | undefined]>([
    ['the pictures have come to their end', (cut) => cut.know(undefined), 5_000],
    ['pictures have no times', (cut) => cut.know(segment(undefined)), 5_000],
    ['sound has none', () => undefined, undefined],
    ['both have clocks of their own', (cut) => cut.know(segment(4_000)), 500_000],
  ])('lets no sound wait where %s', async (_what, know, startMs) => {
    const cut = new RunCut(LONG_MS);
    know(cut);
    expect(await isOver(cut.untilKnown(segment(startMs), NEVER))).toBe(true);
  });

  it.each<[string, (cut: RunCut) => Promise<unknown>, object | undefined]>([
    ['sound waits for pictures, theirs', (cut) => cut.untilKnown(segment(5_000), NEVER), undefined],
    ['sound is to go back with pictures, theirs', (cut) => cut.goesOnAt(segment(5_000), NEVER), undefined],
    ['pictures wait for sound, its own', (cut) => cut.untilSound(segment(5_000), NEVER), BEHIND],
    ['pictures may be anew, that of sound', (cut) => cut.isSoundAnew(segment(4_000), NEVER), BEHIND],
  ])('has a playlist looked at again and again: where %s', async (_what, wait, awaited) => {
    const cut = new RunCut(80);
    cut.know(segment(4_000));
    cut.goOn(BEHIND, segment(3_000));
    cut.goOn({}, segment(5_000));
    const hurried: (object | undefined)[] = [];
    cut.hurry = (what) => hurried.push(what);
    const waited = wait(cut);
    expect(hurried).toHaveLength(1);
    await waited;
    expect(hurried.length).toBeGreaterThan(1);
    expect(hurried.every((what) => what === awaited)).toBe(true);
  });

  it('has none looked at for what has come', async () => {
    const cut = new RunCut(LONG_MS);
    cut.know(segment(5_000));
    cut.hurry = () => expect.unreachable();
    await cut.untilKnown(segment(5_000), NEVER);
  });

  it('lets sound wait while the process runs: what came while it did not is told first', async () => {
    const cut = new RunCut(80);
    const goesOn = cut.goesOnAt(segment(5_000), NEVER);
    // Timers that are due run in between.
    setImmediate(() => setImmediate(() => cut.know(segment(5_000))));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect(await goesOn).toBe(true);
  });

  it.each<[string, () => Promise<boolean>]>([
    ['has no more of it', async () => false],
    ['is not answered', () => new Promise(() => undefined)],
  ])(
    'takes sound for lost that is behind the pictures for a while, and whose playlist %s',
    async (_, look) => {
      const cut = new RunCut(0, 0);
      cut.know(segment(5_000));
      const wait = cut.untilLost(segment(5_000), look, NEVER);
      expect(await isOver(wait)).toBe(false);
      cut.know(segment(6_000));
      await wait;
    },
  );

  it('takes no sound for lost while pictures cannot be had, either, or more of it is listed', async () => {
    const cut = new RunCut(0, 0);
    const [away, listed] = [
      [true, true, false, false],
      [true, false],
    ];
    cut.isAway = () => away.shift() === true;
    cut.know(segment(6_000));
    await cut.untilLost(segment(5_000), async () => listed.shift() === true, NEVER);
    expect([away, listed]).toEqual([[], []]);
  });

  it.each<[string, (cut: RunCut) => void]>([
    ['goes on by itself', (cut) => cut.know(undefined)],
    ['has a clock of its own', (cut) => cut.know(segment(500_000))],
  ])('takes no sound for lost that %s', async (_what, know) => {
    const cut = new RunCut(0, 0);
    know(cut);
    const ended = new AbortController();
    const wait = cut.untilLost(segment(5_000), async () => false, ended.signal);
    expect(await isOver(wait)).toBe(false);
    ended.abort();
    await expect(wait).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('lets sound wait for a while, and not when the pictures are lost', async () => {
    await new RunCut(0).untilKnown(segment(5_000), NEVER);
    const cut = new RunCut(LONG_MS);
    const wait = cut.untilKnown(segment(5_000), cut.over);
    cut.end();
    await expect(wait).rejects.toBe(cut.over.reason);
  });

  describe('lets pictures wait for sound', () => {
    const SOUND = {};
    const running = (): RunCut => {
      const cut = new RunCut(LONG_MS);
      cut.expect(SOUND);
      return cut;
    };

    it('that ffmpeg does not read yet, and until that has come to them', async () => {
      const cut = running();
      const wait = cut.untilSound(segment(6_000), NEVER);
      expect(await isOver(wait)).toBe(false);
      cut.goOn(SOUND, segment(5_000));
      expect(await isOver(wait)).toBe(false);
      cut.goOn(SOUND, segment(6_000, 200));
      expect(await isOver(wait)).toBe(true);
    });

    it('that changes before them, and end with it', async () => {
      const cut = running();
      cut.goOn(SOUND, segment(4_000));
      const wait = cut.untilSound(segment(6_000), NEVER);
      cut.cutAfter(segment(4_000));
      expect(await isOver(wait)).toBe(true);
      expect(cut.isBefore(segment(6_000), true)).toBe(true);
    });

    it.each<[string, (cut: RunCut) => void]>([
      ['has come to its end', (cut) => cut.leave(SOUND)],
      ['has no times', (cut) => cut.goOn(SOUND, segment(undefined))],
      ['has a clock of its own', (cut) => cut.goOn(SOUND, segment(-500_000))],
    ])('but not where it %s', async (_what, tell) => {
      const cut = running();
      tell(cut);
      expect(await isOver(cut.untilSound(segment(6_000), NEVER))).toBe(true);
    });

    it('for a while, and once, until it goes on', async () => {
      const cut = new RunCut(5);
      cut.expect(SOUND);
      await cut.untilSound(segment(6_000), NEVER);
      expect(await isOver(cut.untilSound(segment(7_000), NEVER))).toBe(true);
      cut.goOn(SOUND, segment(4_000));
      expect(await isOver(cut.untilSound(segment(8_000), NEVER))).toBe(false);
    });
  });

  describe('tells pictures whose clock has stepped', () => {
    const SOUND = {};
    it.each<[string, (cut: RunCut) => void, boolean]>([
      ['that sound begins anew', (cut) => cut.beginAnew(SOUND), true],
      ['that it goes on', (cut) => cut.goOn(SOUND, segment(6_000)), false],
      ['nothing where it has come to its end', (cut) => cut.leave(SOUND), false],
    ])('%s', async (_what, tell, isAnew) => {
      const cut = new RunCut(LONG_MS);
      cut.goOn(SOUND, segment(5_000));
      const told = cut.isSoundAnew(segment(5_000), NEVER);
      expect(await isOver(told.then(() => undefined))).toBe(false);
      tell(cut);
      expect(await told).toBe(isAnew);
    });

    it('nothing where sound has gone on behind its beginning, or does not come', async () => {
      const cut = new RunCut(0);
      cut.beginAnew(SOUND);
      cut.goOn(SOUND, segment(2_000));
      expect(await cut.isSoundAnew(segment(5_000), NEVER)).toBe(false);
    });
  });

  it('ends where sound begins that the run is without: before the pictures of its beginning', () => {
    const cut = new RunCut();
    cut.beginWith(segment(6_400), segment(4_000));
    expect(cut.isBefore(segment(5_000), true)).toBe(false);
    expect(cut.isBefore(segment(5_000), false)).toBe(false);
    expect(cut.isBefore(segment(6_000), true)).toBe(true);
  });

  it.each([
    ['has begun already', 4_500],
    ['has another clock', 900_000],
    ['has no times', undefined],
  ])('ends at once where such sound %s', (_what, startMs) => {
    const cut = new RunCut();
    cut.beginWith(segment(startMs), segment(4_000));
    expect(cut.isBefore(segment(5_000), true)).toBe(true);
  });
});
