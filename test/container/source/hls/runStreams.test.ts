import { describe, expect, it } from 'vitest';
import { RunStreams } from '../../../../container/source/hls/runStreams.ts';

const segment = (...pids: number[]): { begun: ReadonlySet<number>; durationMs: number } => ({
  begun: new Set(pids),
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

  it('has what cannot be known', () => {
    const run = new RunStreams();
    run.begin();
    for (let i = 0; i < 3; i++) run.add({ durationMs: 2_000 });
    expect(run.lacks({})).toBe(false);
  });
});
