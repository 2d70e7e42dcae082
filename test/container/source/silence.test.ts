import { describe, expect, it } from 'vitest';
import { Silence, type Timers } from '../../../container/source/silence.ts';

/** A clock that goes on when it is told to. */
class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #due = new Map<NodeJS.Timeout, { readonly atMs: number; readonly run: () => void }>();

  setTimeout = (run: () => void, ms: number): NodeJS.Timeout => {
    const timer = {} as NodeJS.Timeout;
    this.#due.set(timer, { atMs: this.#nowMs + ms, run });
    return timer;
  };

  clearTimeout = (timer: NodeJS.Timeout): void => {
    this.#due.delete(timer);
  };

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [timer, { atMs, run }] of this.#due) {
      if (atMs > this.#nowMs) continue;
      this.#due.delete(timer);
      run();
    }
  }

  get pending(): number {
    return this.#due.size;
  }
}

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
