import { describe, expect, it } from 'vitest';
import { Silence } from '../../../container/source/silence.ts';
import { ManualTimers } from '../../support/manualTimers.ts';

describe('Silence', () => {
  function begin() {
    const timers = new ManualTimers();
    const calls: string[] = [];
    const silence = new Silence(1_000, () => calls.push('silent'), timers);
    return { timers, calls, silence };
  }

  it('waits for the first sign of life, and anew after each', () => {
    const { timers, calls, silence } = begin();
    timers.advance(10_000);
    expect(calls).toEqual([]);
    for (let i = 0; i < 5; i++) {
      silence.touch();
      timers.advance(999);
    }
    expect(calls).toEqual([]);
    timers.advance(1);
    expect(calls).toEqual(['silent']);
  });

  it('says it once', () => {
    const { timers, calls, silence } = begin();
    silence.touch();
    timers.advance(1_000);
    silence.touch();
    timers.advance(5_000);
    expect(calls).toEqual(['silent']);
    expect(timers.pending).toBe(0);
  });

  it('takes another limit from the next sign of life on', () => {
    const { timers, calls, silence } = begin();
    silence.touch();
    silence.allow(3_000);
    silence.touch();
    timers.advance(2_999);
    expect(calls).toEqual([]);
    timers.advance(1);
    expect(calls).toEqual(['silent']);
  });

  it('does not count a time in which this process did not run: what came meanwhile is read first', () => {
    const { timers, calls, silence } = begin();
    silence.touch();
    timers.advance(999);
    timers.block(60_000);
    expect(calls).toEqual([]);
    // It is read.
    silence.touch();
    timers.advance(999);
    expect(calls).toEqual([]);
    timers.block(60_000);
    timers.block(60_000);
    // Nothing had come.
    timers.advance(999);
    expect(calls).toEqual(['silent']);
  });

  it('says nothing after its end, and leaves no timer behind', () => {
    const { timers, calls, silence } = begin();
    silence.touch();
    silence.end();
    expect(timers.pending).toBe(0);
    silence.touch();
    timers.advance(5_000);
    expect(calls).toEqual([]);
  });
});
