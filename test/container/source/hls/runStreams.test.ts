import { describe, expect, it } from 'vitest';
import { RunStreams } from '../../../../container/source/hls/runStreams.ts';

interface Segment {
  readonly begun: ReadonlyMap<number, number>;
  readonly durationMs: number;
}

const segment = (...pids: number[]): Segment => ({
  begun: new Map(pids.map((pid) => [pid, 0])),
  durationMs: 2_000,
});

/** A microphone is switched on so long after the segment's beginning. */
const withSoundAfter = (ms: number): Segment => ({
  begun: new Map([
    [256, 0],
    [257, ms],
  ]),
  durationMs: 2_000,
});

describe('RunStreams', () => {
  it('lacks a stream that begins when ffmpeg looks for tracks no more, and has it in the next run', () => {
    const run = new RunStreams();
    run.begin();
    for (const next of [segment(256), segment(256)]) {
      expect(run.lacks(next)).toBe(false);
      run.add(next);
    }
    expect(run.lacks(segment(256, 257))).toBe(true);
    run.begin();
    run.add(segment(256, 257));
    expect([segment(256, 257), segment(256), segment(257)].map((next) => run.lacks(next))).toEqual(
      Array(3).fill(false),
    );
  });

  it('lacks none that begins while ffmpeg looks, nor one that was silent for a while', () => {
    const run = new RunStreams();
    run.begin();
    for (const next of [segment(256), segment(256, 257), segment(256), segment(256)]) run.add(next);
    expect(run.lacks(segment(256, 257))).toBe(false);
  });

  it('lacks a stream that begins so late in a segment that ffmpeg looks no more, and has it in the next run', () => {
    const run = new RunStreams();
    run.begin();
    run.add(segment(256));
    expect(run.lacks(withSoundAfter(500))).toBe(false);
    expect(run.lacks(withSoundAfter(1_500))).toBe(true);
    run.begin();
    run.add(withSoundAfter(1_500));
    run.add(segment(256, 257));
    expect(run.lacks(segment(256, 257))).toBe(false);
  });

  it('lacks in the second segment what came too late in the first one of a run', () => {
    const run = new RunStreams();
    run.begin();
    run.add({ ...withSoundAfter(5_000), durationMs: 6_000 });
    expect(run.lacks(segment(256, 257))).toBe(true);
  });

  it('has what cannot be known', () => {
    const run = new RunStreams();
    run.begin();
    for (let i = 0; i < 3; i++) run.add({ durationMs: 2_000 });
    expect(run.lacks({})).toBe(false);
  });

  it('is over before the counter of a transport stream is', () => {
    const run = new RunStreams();
    run.begin();
    run.add({ begun: undefined, durationMs: 11 * 3_600_000 });
    expect(run.isLong({ kind: 'ts' })).toBe(false);
    run.add({ begun: undefined, durationMs: 3_600_000 });
    expect(run.isLong({ kind: 'ts' })).toBe(true);
    expect(run.isLong({ kind: 'fmp4' })).toBe(false);
    run.begin();
    expect(run.isLong({ kind: 'ts' })).toBe(false);
  });
});
