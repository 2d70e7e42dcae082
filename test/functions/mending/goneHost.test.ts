import { expect, it } from 'vitest';
import { settleAsksSchema } from '../../../functions/core/protocol/asks.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import type { HostStatus } from '../../../functions/core/state/hostObjects.ts';
import {
  attemptKey,
  hostCarriesKey,
  hostCarriesPrefix,
  hostStatusKey,
  jobKey,
} from '../../../functions/core/state/keys.ts';
import { type Job, type Progress, progressSchema } from '../../../functions/core/state/objects.ts';
import { settleGoneHost } from '../../../functions/mending/goneHost.ts';
import { readLife, readRecording } from '../../../functions/recordings/read.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const HOST = 'host-1';
const ids = [1, 2, 3].map((n) => `01K0000000000000000000000${n}`);
const progress = (bytes: number): Progress => ({
  ...{ attempt: 1, atMs: 9_000, part: 1, bytes, uploadedBytes: 0, durationMs: 4_000 },
  ...{ bitrateBps: 1, fps: 25, tailAgeMs: 10, spoolBytes: 0 },
});
const claim = (journal: string) => ({ attempt: 1, claimedAtMs: 1_000, runId: 'run', hostId: HOST, journal });

/** A host that carries three recordings: two in one worker, and one of which it has told nothing yet. */
function hostOfThree(): MemoryStore {
  const store = new MemoryStore();
  for (const [i, recordingId] of ids.entries()) {
    const job: Job = {
      ...{ recordingId, mediaSessionId: `m${i}`, requestedAtMs: 1_000, requestId: 'r' },
      ...{ source: { url: 'rtmp://host/live' }, stream: { name: 's' }, settings: DEFAULT_SETTINGS },
    };
    store.put(jobKey(recordingId), job);
    store.put(attemptKey(recordingId, 1, 'claim'), claim(i < 2 ? 'host-1/a' : 'host-1/b'));
    store.put(hostCarriesKey(HOST, recordingId, 1), { recordingId, attempt: 1, runId: 'run' });
  }
  const status: HostStatus = {
    ...{ hostId: HOST, atMs: 9_500, recordings: 3 },
    progress: ids.slice(0, 2).map((recordingId, i) => ({ recordingId, ...progress(100 + i) })),
    usage: { cpuUnits: 1, memoryBytes: 1, diskShare: 0, loopDelayMs: 0 },
  };
  store.put(hostStatusKey(HOST), status);
  return store;
}

it('a recording that a host carries goes as the host says, until it has an end', async () => {
  const store = hostOfThree();
  const [first = '', , third = ''] = ids;
  const bytesOf = async (recordingId: string) =>
    (await readRecording(store, recordingId))?.attempts.get(1)?.progress?.bytes;
  expect(await bytesOf(first)).toBe(100);
  expect((await readLife(store, first))?.attempts.get(1)?.progress).toEqual(progress(100));
  expect(await bytesOf(third)).toBeUndefined();
  // What was kept when the host was done with it is later than what the host had said.
  store.put(attemptKey(first, 1, 'progress'), progress(200));
  expect(await bytesOf(first)).toBe(200);
  // Another host has the next attempt, and has told nothing yet.
  store.put(attemptKey(first, 2, 'claim'), { ...claim('host-2/c'), attempt: 2, hostId: 'host-2' });
  expect((await readRecording(store, first))?.attempts.get(2)?.progress).toBeUndefined();
});

/** The host is told to be gone. @returns what was asked of the settle queue, which next attempts, and how many it carried */
async function goneAt(store: MemoryStore, endedAtMs: number) {
  const [sent, asked]: [unknown[], string[]] = [[], []];
  const options = {
    store,
    settleQueue: { send: async (message: object) => void sent.push(message) },
    tasks: {
      run: async (recordingId: string, attempt: number) => void asked.push(`${recordingId} ${attempt}`),
    },
  } as unknown as Parameters<typeof settleGoneHost>[0];
  const carried = await settleGoneHost(options, { hostId: HOST, reason: 'SIGKILL', by: 'test', endedAtMs });
  return { sent, asked, carried };
}

it('what a host carried for longer than a minute, and has not ended, is asked for before it is settled', async () => {
  const store = hostOfThree();
  const [first = '', second = '', third = ''] = ids;
  store.put(attemptKey(second, 1, 'end'), { attempt: 1, endedAtMs: 9_000, by: 'recorder' });
  store.put(attemptKey(third, 1, 'claim'), { ...claim('host-1/b'), claimedAtMs: 1_001 });
  const { asked, carried } = await goneAt(store, 61_000);
  expect([asked, carried]).toEqual([[`${first} 2`], 3]);
});

it('what a host carried is settled, a worker with one message, and keeps its last progress', async () => {
  const store = hostOfThree();
  // Given to it, and not begun yet: another host begins, or this one, if it lives all the same.
  const given = hostCarriesKey(HOST, '01K00000000000000000000009', 1);
  store.put(given, { recordingId: '01K00000000000000000000009', attempt: 1, runId: 'run' });
  const { sent, asked, carried } = await goneAt(store, 10_000);
  expect([asked, carried]).toEqual([[], 3]);
  const together = sent.map((message) => settleAsksSchema.parse(message).asks.map((ask) => ask.recordingId));
  expect(together.toSorted((a, b) => b.length - a.length)).toEqual([ids.slice(0, 2), ids.slice(2)]);
  expect(store.keys(hostCarriesPrefix(HOST))).toEqual([given]);
  expect(store.keys(hostStatusKey(HOST))).toEqual([]);
  const kept = ids.map((id) => store.value(attemptKey(id, 1, 'progress'), progressSchema)?.bytes);
  expect(kept).toEqual([100, 101, undefined]);
});
