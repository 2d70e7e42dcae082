import { describe, expect, it } from 'vitest';
import { handedOver } from '../../../container/attempt/handOver.ts';
import { endAttempt } from '../../../functions/core/protocol/attempt.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { attemptKey, jobKey, outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import { endSchema, type Job, outcomeSchema } from '../../../functions/core/state/objects.ts';
import { ManualClock, MemoryStore } from '../../support/memoryStore.ts';

const ID = '01K00000000000000000000001';
const clock = new ManualClock();

function recording(url = 'rtmp://media.example/live/m1'): { readonly store: MemoryStore; readonly job: Job } {
  const store = new MemoryStore();
  const job: Job = {
    recordingId: ID,
    mediaSessionId: 'm1',
    requestedAtMs: clock.timeMs,
    requestId: 'r',
    source: { url },
    stream: { name: 'camera' },
    settings: DEFAULT_SETTINGS,
  };
  store.put(jobKey(ID), job);
  return { store, job };
}

const opened = (part: number, attempt: number) => ({
  part,
  attempt,
  key: `records/${ID}/${attempt}/x.mp4`,
  uploadId: 'u',
  fileName: 'x.mp4',
  format: 'mp4',
  openedAtMs: clock.timeMs,
  startTimeMs: clock.timeMs - 700,
  tracks: [],
});
const wait = (store: MemoryStore, signal = new AbortController().signal) =>
  handedOver({ store: store as never, clock, recordingId: ID, attempt: 1 }, signal);

describe('a recorder that is taken away', () => {
  it('waits for a part of a later attempt, and says for how long both had recorded', async () => {
    const { store } = recording();
    store.put(partKey(ID, 1, 'open'), opened(1, 1));
    const overlap = wait(store);
    store.put(partKey(ID, 2, 'open'), opened(2, 2));
    expect(await overlap).toBe(700);
  });

  it('waits no longer than for a stop', async () => {
    const { store } = recording();
    const stop = new AbortController();
    const overlap = wait(store, stop.signal);
    stop.abort();
    expect(await overlap).toBeUndefined();
  });

  it('does not wait for a source that may be a file', async () => {
    expect(await wait(recording('https://media.example/a.mp4').store)).toBeUndefined();
  });

  it('says nothing of how the recording ended, once a later attempt has claimed', async () => {
    const { store, job } = recording();
    const ports = { store, clock, announce: async () => undefined, allParts: async () => new Map() };
    const reason = { code: 'stopped', message: 'The recording was stopped.' } as const;
    store.put(attemptKey(ID, 2, 'claim'), { attempt: 2, claimedAtMs: 1, runId: 'r2' });
    await endAttempt(ports, job, 1, reason);
    expect(store.value(attemptKey(ID, 1, 'end'), endSchema)?.reason).toEqual(reason);
    expect(store.value(outcomeKey(ID), outcomeSchema)).toBeUndefined();
    await endAttempt(ports, job, 2, reason);
    expect(store.value(outcomeKey(ID), outcomeSchema)).toBeDefined();
  });
});
