import { describe, expect, it } from 'vitest';
import { beepFaults } from './beepFaults.ts';
import { AUDIO, type SentTag } from './media.ts';

const AWAY_FROM_MS = 2_000;
const AWAY_UNTIL_MS = 3_500;
const isSent = (ms: number): boolean => ms < AWAY_FROM_MS || ms >= AWAY_UNTIL_MS;
const every = (stepMs: number): number[] =>
  Array.from({ length: 5_000 / stepMs }, (_, i) => i * stepMs).filter(isSent);
const sent = every(20).map((trueMs) => ({ kind: AUDIO, trueMs, isHeader: false })) as SentTag[];
const happenings = [{ kind: 'anew', atMs: AWAY_FROM_MS, awayMs: AWAY_UNTIL_MS - AWAY_FROM_MS }] as const;
const inRecord = (ms: number): number => (ms < AWAY_FROM_MS ? ms : ms - AWAY_UNTIL_MS + AWAY_FROM_MS);
const pictures = new Map(every(40).map((ms) => [String(ms), ms]));
const shown = every(40).map((ms) => ({ ms: inRecord(ms), hash: String(ms) }));

const whole = [0, 1, 2, 3, 8, 9].map((number) => ({ number, ms: inRecord(500 * number) }));
const faults = (...others: readonly { readonly number: number; readonly ms: number }[]): string[] =>
  beepFaults([[...whole, ...others]], [shown], sent, { happenings }, pictures);

describe('what is wrong with beeps', () => {
  it('is nothing where those that were sent are heard once', () => {
    expect(faults()).toEqual([]);
  });

  it('is that one is heard that was not sent, or twice', () => {
    expect(faults({ number: 6, ms: 1_250 })).toEqual(['beep 6 was not sent']);
    expect(faults({ number: 2, ms: 1_250 })).toEqual(['beep 2 is heard 2 times']);
  });

  it('is nothing where two that were cut off follow one another: they have any pitch', () => {
    expect(faults({ number: 6, ms: 1_980 })).toEqual([]);
    expect(faults({ number: 2, ms: 1_980 })).toEqual([]);
  });
});
