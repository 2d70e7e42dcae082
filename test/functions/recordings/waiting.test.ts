import { expect, it } from 'vitest';
import type { StatusFacts } from '../../../functions/core/state/fold.ts';
import { waitForRecording } from '../../../functions/recordings/waiting.ts';

const going: StatusFacts = { attempts: new Map(), parts: new Map() };
const ended: StatusFacts = { ...going, outcome: { status: 'finished' } };

/** @returns after how long it was answered */
async function waited(
  timeoutMs: number,
  lookAt: (nowMs: number) => StatusFacts | undefined,
): Promise<number> {
  let nowMs = 0;
  await waitForRecording({
    awaited: 'ended',
    timeoutMs,
    look: async () => lookAt(nowMs),
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  });
  return nowMs;
}

it('answers at once when it is so', async () => {
  expect(await waited(20_000, () => ended)).toBe(0);
});

it('answers within a second of its being so', async () => {
  expect(await waited(20_000, (nowMs) => (nowMs < 7_500 ? going : ended))).toBe(8_000);
});

it('answers when the time is over, and not later', async () => {
  expect(await waited(4_500, () => going)).toBe(4_500);
});

it('does not wait for what is not there', async () => {
  expect(await waited(20_000, () => undefined)).toBe(0);
});
