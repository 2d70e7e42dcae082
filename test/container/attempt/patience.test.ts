import { expect, it } from 'vitest';
import { Patience } from '../../../container/attempt/patience.ts';
import { ManualTimers } from '../../support/manualTimers.ts';

const MINUTE_MS = 60_000;
const AFTER_SIGTERM_MS = 105_000;

function begin() {
  const timers = new ManualTimers();
  const patience = new Patience(timers);
  const lasts = (ms: number): void => {
    timers.advance(ms - 1);
    expect(patience.signal.aborted).toBe(false);
    timers.advance(1);
    expect(patience.signal.aborted).toBe(true);
  };
  return { timers, patience, lasts };
}

it('of a recorder that begins ends', () => {
  const { patience, lasts } = begin();
  patience.begin();
  lasts(5 * MINUTE_MS);
});

it('has no end while it records', () => {
  const { timers, patience } = begin();
  patience.begin();
  patience.record();
  timers.advance(24 * 60 * MINUTE_MS);
  expect(patience.signal.aborted).toBe(false);
});

it('of a recorder that ended by itself, its source or a limit, is long: nobody kills it', () => {
  const { timers, patience, lasts } = begin();
  patience.record();
  timers.advance(60 * MINUTE_MS);
  patience.finish();
  lasts(15 * MINUTE_MS);
});

it('ends before ECS kills, whatever the recorder does when it is told', () => {
  for (const phase of ['begin', 'record', 'finish'] as const) {
    const { timers, patience, lasts } = begin();
    patience[phase]();
    timers.advance(MINUTE_MS);
    patience.sigterm();
    timers.advance(5_000);
    // Neither what comes next nor a second signal gives more time.
    patience.finish();
    patience.sigterm();
    lasts(AFTER_SIGTERM_MS - 5_000);
  }
});
