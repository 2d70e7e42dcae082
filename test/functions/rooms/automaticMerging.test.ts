import { afterAll, beforeAll, expect, it } from 'vitest';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { markActive } from '../../../functions/core/protocol/active.ts';
import { roomLeftKey } from '../../../functions/core/rooms/left.ts';
import { type MergeJob, mergeAsk } from '../../../functions/core/rooms/merge.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { activeKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { announceOutcome } from '../../../functions/recordings/announcements.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import { mergeLeftRoom } from '../../../functions/rooms/automaticMerging.ts';
import type { MergeStep } from '../../../functions/rooms/mergeMaking.ts';
import { listMerges, readMerge } from '../../../functions/rooms/mergeReading.ts';
import { SILENT } from '../clips/making.ts';
import { START_MS } from '../clips/recording.ts';
import { MoveBench } from '../relocation/bench.ts';
import { endRecording, eventBus, keepInRoom, mergeMaking, NOW_MS } from './room.ts';

let bench: MoveBench;
beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

const AFTER_MS = 60_000;
const settings = { ...DEFAULT_SETTINGS, rooms: { mergeAfterMs: AFTER_MS, layout: 'grid', fps: 30 } } as const;

/** One that is there, and has recorded five seconds, since the first second or since a time. */
async function comes(room: string, name: string, atMs = START_MS): Promise<Job> {
  const parts = { 1: { startMs: atMs - START_MS + 1_000, durationMs: 5_000 } };
  const job = await keepInRoom(bench, room, { name, parts, goesOn: true, settings, requestedAtMs: atMs });
  await markActive(bench.store, job);
  return job;
}

async function leaves(job: Job, atMs: number): Promise<void> {
  await endRecording(bench, job, atMs);
  await bench.store.remove(activeKey(job.recordingId));
}

const asked: object[] = [];
function look({ recordingId }: Job, nowMs: number): Promise<MergeStep> {
  const queue = { send: async (message: object) => void asked.push(message) };
  const store = new StateStore(bench.cut, bench.store.bucket);
  const ports = { store, queue, clock: { nowMs: () => nowMs }, settings: DEFAULT_SETTINGS };
  return mergeLeftRoom(ports, recordingId, 'r', SILENT);
}

const mergesOf = async (room: string): Promise<MergeJob[]> =>
  (await listMerges(bench.store, { room, limit: 10 })).merges.map(({ job }) => job);

it('becomes one file when the last one has left for as long, once', async () => {
  const room = 'once';
  const [a, b] = [await comes(room, 'a'), await comes(room, 'b')];
  await leaves(a, NOW_MS);
  expect(await look(a, NOW_MS)).toEqual({ againMs: AFTER_MS });
  expect(await look(a, NOW_MS + AFTER_MS)).toBe('settled');
  const leftAtMs = NOW_MS + 90_000;
  await leaves(b, leftAtMs);
  expect(await look(b, leftAtMs)).toEqual({ againMs: AFTER_MS });
  // Heard again, and late.
  expect(await look(a, leftAtMs + AFTER_MS)).toBe('settled');
  expect(await look(b, leftAtMs + AFTER_MS - 1)).toEqual({ againMs: 1 });
  expect(await mergesOf(room)).toEqual([]);
  for (let times = 0; times < 2; times++) expect(await look(b, leftAtMs + AFTER_MS)).toBe('settled');
  const merges = await mergesOf(room);
  expect(merges).toMatchObject([
    {
      ...{ automatic: true, layout: 'grid', running: 'wait', settings: DEFAULT_SETTINGS },
      ...{ picture: { width: 1280, height: 720, fps: 30, names: false } },
      ...{ fromMs: START_MS, toMs: leftAtMs + AFTER_MS },
    },
  ]);
  const [{ mergeId } = { mergeId: '' }] = merges;
  expect(asked.filter((one) => 'mergeId' in one && one.mergeId === mergeId)).toEqual([mergeAsk(mergeId)]);
  await mergeMaking(bench, { nowMs: () => leftAtMs + AFTER_MS }).make(mergeId, SILENT);
  const { plan } = (await readMerge(bench.store, mergeId)) ?? {};
  expect(plan?.participants.map(({ name }) => name)).toEqual(['a', 'b']);
});

it('is one file where somebody returned in time, and another one when it is used again', async () => {
  const room = 'again';
  const a = await comes(room, 'a');
  await leaves(a, NOW_MS);
  expect(await look(a, NOW_MS)).toEqual({ againMs: AFTER_MS });
  const back = await comes(room, 'a', NOW_MS + 30_000);
  expect(await look(a, NOW_MS + AFTER_MS)).toBe('settled');
  expect(await mergesOf(room)).toEqual([]);
  await leaves(back, NOW_MS + 100_000);
  const firstToMs = NOW_MS + 100_000 + AFTER_MS;
  expect(await look(back, firstToMs)).toBe('settled');
  expect(await mergesOf(room)).toMatchObject([{ fromMs: START_MS, toMs: firstToMs }]);
  const nextMs = firstToMs + 3_600_000;
  const next = await comes(room, 'b', nextMs);
  await leaves(next, nextMs + 20_000);
  expect(await look(next, nextMs + 20_000 + AFTER_MS)).toBe('settled');
  const [newest, older, ...more] = await mergesOf(room);
  expect([newest?.fromMs, older?.fromMs, more]).toEqual([nextMs, START_MS, []]);
  const mergeId = newest?.mergeId ?? '';
  await mergeMaking(bench, { nowMs: () => nextMs + 3_600_000 }).make(mergeId, SILENT);
  const { plan } = (await readMerge(bench.store, mergeId)) ?? {};
  expect(plan?.participants.map(({ name }) => name)).toEqual(['b']);
});

it('is empty though markers of what has ended are there yet', async () => {
  const room = 'markers';
  const [a, b] = [await comes(room, 'a'), await comes(room, 'b')];
  await endRecording(bench, a, NOW_MS);
  await endRecording(bench, b, NOW_MS);
  // Both are heard of before the time is over.
  for (const job of [a, b]) await look(job, NOW_MS);
  const looks = [await look(a, NOW_MS + AFTER_MS), await look(b, NOW_MS + AFTER_MS)];
  expect(looks).toEqual(['settled', 'settled']);
  expect(await mergesOf(room)).toHaveLength(1);
});

it('becomes nothing where nothing was saved', async () => {
  const room = 'nothing';
  const job = await keepInRoom(bench, room, { name: 'a', parts: {}, settings });
  expect(await look(job, NOW_MS + AFTER_MS)).toBe('settled');
  expect(await mergesOf(room)).toEqual([]);
});

it.each([
  ['asks for it', settings, true],
  ['asks for nothing', DEFAULT_SETTINGS, undefined],
] as const)('the end of a recording %s as its settings say', async (what, given, mergeRoom) => {
  const job = await keepInRoom(bench, what, { name: 'a', parts: {}, settings: given });
  const { outcome } = (await readRecording(bench.store, job.recordingId)) ?? {};
  if (outcome === undefined) throw new Error('it has not ended');
  const ports = { store: bench.store, bus: eventBus(bench), clock: { nowMs: () => NOW_MS } };
  await announceOutcome(ports, job, outcome);
  const told = bench.events.find(({ detail }) => detail.recordingId === job.recordingId);
  expect(EVENT_SCHEMAS[EVENT_TYPES.recordingFinished].parse(told?.detail).mergeRoom).toBe(mergeRoom);
  await look(job, NOW_MS);
  expect((await bench.store.etag(roomLeftKey(what))) !== undefined).toBe(mergeRoom === true);
});
