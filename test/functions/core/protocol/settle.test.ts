import { beforeEach, expect, it } from 'vitest';
import {
  beginAttempt,
  beginEnding,
  endAttempt,
  type KnownObjects,
} from '../../../../functions/core/protocol/attempt.ts';
import { reconcileRecording } from '../../../../functions/core/protocol/reconcile.ts';
import { rotateRecording } from '../../../../functions/core/protocol/rotate.ts';
import { settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { recordingStatus } from '../../../../functions/core/state/fold.ts';
import {
  attemptKey,
  jobKey,
  lockKey,
  outcomeKey,
  partKey,
  stopKey,
} from '../../../../functions/core/state/keys.ts';
import {
  endSchema,
  lockSchema,
  type Outcome,
  outcomeSchema,
} from '../../../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import type { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { PUBLISHED, StartWorld } from '../../../support/startWorld.ts';
import { finalOf } from './recorder.ts';

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;
let rescued: number;
let stopped: string[];
let announced: Outcome[];
beforeEach(() => {
  world = new StartWorld(PUBLISHED);
  ({ store, launcher, clock } = world);
  [rescued, stopped, announced] = [0, [], []];
});

const ports = () => ({
  readObjects: (id: string, own: KnownObjects) => readRecording(store, id, own),
  ...world.ports,
  stopTasks: async (recordingId: string) => void stopped.push(recordingId),
  sleep: async () => undefined,
  warn: () => undefined,
  announce: async (outcome: Outcome) => void announced.push(outcome),
  rescue: async ({ job }: { readonly job: { readonly recordingId: string } }) => {
    rescued += 1;
    return objects(job.recordingId);
  },
});

async function objects(recordingId: string) {
  const found = await readRecording(store, recordingId);
  if (found === undefined) throw new Error('there is no such recording');
  return found;
}

const start = async () =>
  startRecording(ports(), { mediaSessionId: 'm1', settings: DEFAULT_SETTINGS, requestId: 'r' });
const stop = async () => stopRecording(ports(), { mediaSessionId: 'm1', by: 'test' });
const begin = (recordingId: string, attempt: number, taskArn?: string) =>
  beginAttempt(ports(), { recordingId, attempt, taskArn, runId: taskArn ?? 'run' });
const gone = async (recordingId: string, attempt: number, taskArn?: string) =>
  settleAttempt(ports(), await objects(recordingId), { attempt, taskArn, reason: 'gone', by: 'test' });
const job = (recordingId: string) => ({ recordingId, mediaSessionId: 'm1' });
const end = (recordingId: string, attempt: number, code: 'stopped' | 'source_not_found' | 'source_ended') =>
  endAttempt(
    { ...ports(), allParts: async () => (await objects(recordingId)).parts },
    job(recordingId),
    attempt,
    {
      code,
      message: code,
    },
  );
const outcome = (recordingId: string) => store.value(outcomeKey(recordingId), outcomeSchema);

async function record(recordingId: string, attempt: number, part: number): Promise<FinalPart> {
  const open: OpenPart = {
    part,
    attempt,
    key: `records/${recordingId}/${attempt}/cam.mp4`,
    uploadId: 'u',
    fileName: 'cam.mp4',
    format: 'mp4',
    openedAtMs: 1,
    startTimeMs: 1,
    tracks: [],
  };
  await store.create(partKey(recordingId, part, 'open'), open);
  return finalOf(open, false);
}

it("the death of a task that lost the attempt is not the winner's", async () => {
  const { recordingId } = await start();
  expect((await begin(recordingId, 1, 'task/winner')).kind).toBe('claimed');
  expect((await begin(recordingId, 1, 'task/loser')).kind).toBe('superseded');
  expect(await gone(recordingId, 1, 'task/loser')).toEqual({ kind: 'alive' });
  expect(store.value(attemptKey(recordingId, 1, 'end'), endSchema)).toBeUndefined();
  expect([launcher.launched.length, rescued]).toEqual([1, 0]);
  expect(await gone(recordingId, 1, 'task/winner')).toEqual({ kind: 'relaunched', attempt: 2 });
});

it('a claim that does not name its task is settled by its attempt', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1);
  expect(await gone(recordingId, 1, 'task/1')).toEqual({ kind: 'relaunched', attempt: 2 });
});

it('an attempt that was said never to have started can not be taken any more', async () => {
  const { recordingId } = await start();
  await gone(recordingId, 1, 'task/1');
  expect(store.value(attemptKey(recordingId, 1, 'end'), endSchema)?.reason.code).toBe('never_started');
  expect((await begin(recordingId, 1, 'task/late')).kind).toBe('superseded');
});

it('asks for the next attempt before it rescues what the last one left', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  let launchedFirst = false;
  const rescue = async () => {
    launchedFirst = launcher.launched.includes(`${recordingId}-2`);
    return objects(recordingId);
  };
  const told = { attempt: 1, taskArn: 'task/1', reason: 'gone', by: 'test' };
  await settleAttempt({ ...ports(), rescue }, await objects(recordingId), told);
  expect(launchedFirst).toBe(true);
});

it('asks for a task of its own for what has killed processes, on a host or alone, and not for what ended by itself', async () => {
  const { recordingId } = await start();
  const reason = { code: 'interrupted', message: '' };
  const die = async (attempt: number, by = 'test') => {
    await begin(recordingId, attempt, `task/${attempt}`);
    store.put(attemptKey(recordingId, attempt, 'end'), { attempt, endedAtMs: 1, by, reason });
    const told = { attempt, reason: 'gone', by, died: true, endedAtMs: clock.timeMs + 60_000 };
    await settleAttempt(ports(), await objects(recordingId), told);
  };
  for (const [attempt, by] of [[1], [2], [3, 'recorder']] as const) await die(attempt, by);
  expect(launcher.apart).toEqual([`${recordingId}-3`]);
});

it('writes nothing of a recording that is deleted meanwhile: its outcome goes last', async () => {
  const { recordingId } = await start();
  const before = await objects(recordingId);
  for (const key of [jobKey(recordingId), outcomeKey(recordingId)]) await store.remove(key);
  const settled = await settleAttempt(ports(), before, { attempt: 1, reason: 'gone', by: 'test' });
  expect(settled).toEqual({ kind: 'forgotten' });
  expect(await store.list(`state/recordings/${recordingId}/`)).toEqual([]);
  expect(launcher.launched).toHaveLength(1);
});

it('a start while the recorder is finishing gets a recording of its own, and nothing is lost of the other', async () => {
  const first = (await start()).recordingId;
  await begin(first, 1, 'task/1');
  const final = await record(first, 1, 1);
  await beginEnding(ports(), job(first), 1, { code: 'source_ended', message: 'The source ended.' });
  expect(recordingStatus(await objects(first))).toBe('stopping');
  const second = await start();
  expect(second).toMatchObject({ alreadyStarted: false });
  expect(store.value(lockKey('m1'), lockSchema)).toMatchObject({
    recordingId: second.recordingId,
    earlier: [first],
  });
  await expect(rotateRecording(ports(), first)).rejects.toMatchObject({ code: 'recording_ended' });
  await store.create(partKey(first, 1, 'final'), final);
  await end(first, 1, 'source_ended');
  expect(outcome(first)).toMatchObject({ status: 'finished', parts: 1 });
  expect(store.value(lockKey('m1'), lockSchema)?.releasedAtMs).toBeUndefined();
});

it('a recording that is finishing is not stopped: S3 is given its time', async () => {
  const { recordingId } = await start();
  await beginEnding(ports(), job(recordingId), 1, { code: 'stopped', message: 'maxDurationMs' });
  expect(await stop()).toEqual({ recordingId, alreadyEnded: false });
  expect(store.objects.has(stopKey(recordingId))).toBe(false);
  expect(stopped).toEqual([]);
});

it('a recorder that dies while it is finishing is followed by no other', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  const final = await record(recordingId, 1, 1);
  await beginEnding(ports(), job(recordingId), 1, { code: 'stopped', message: 'maxDurationMs' });
  await store.create(partKey(recordingId, 1, 'final'), { ...final, recovered: true });
  expect(await gone(recordingId, 1, 'task/1')).toMatchObject({
    kind: 'ended',
    outcome: { status: 'finished', reason: { message: 'maxDurationMs' }, parts: 1 },
  });
  expect(launcher.launched).toHaveLength(1);
});

it('an interruption or a takeover is no end of the recording', async () => {
  const { recordingId } = await start();
  await beginEnding(ports(), job(recordingId), 1, { code: 'interrupted', message: '' });
  await beginEnding(ports(), job(recordingId), 1, { code: 'superseded', message: '' });
  expect((await start()).recordingId).toBe(recordingId);
});

it('a recording that was stopped before its first frame failed, and says so', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  await end(recordingId, 1, 'stopped');
  expect(outcome(recordingId)).toMatchObject({
    status: 'failed',
    reason: { code: 'stopped_before_media' },
    parts: 0,
  });
  expect(announced).toEqual([outcome(recordingId)]);
  expect(recordingStatus(await objects(recordingId))).toBe('failed');
});

it('what an earlier attempt recorded counts, whenever it is rescued', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  const final = await record(recordingId, 1, 1);
  await gone(recordingId, 1, 'task/1');
  await begin(recordingId, 2, 'task/2');
  await stop();
  await end(recordingId, 2, 'stopped');
  // Nobody knows yet whether there is anything in it.
  expect(outcome(recordingId)).toBeUndefined();
  await store.create(partKey(recordingId, 1, 'final'), { ...final, recovered: true });
  expect(await gone(recordingId, 2, 'task/2')).toMatchObject({
    kind: 'ended',
    outcome: { status: 'finished', reason: { code: 'stopped' }, parts: 1 },
  });
});

it('a source that does not come back after a lost recorder has ended: what was recorded is whole', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  const final = await record(recordingId, 1, 1);
  await store.create(partKey(recordingId, 1, 'final'), { ...final, recovered: true });
  await gone(recordingId, 1, 'task/1');
  await begin(recordingId, 2, 'task/2');
  await end(recordingId, 2, 'source_not_found');
  expect(outcome(recordingId)).toMatchObject({
    status: 'finished',
    reason: { code: 'source_ended' },
    parts: 1,
  });
});

it('a recording that is stopped before a recorder came has ended at once, and none can come', async () => {
  const { recordingId } = await start();
  expect(await stop()).toEqual({ recordingId, alreadyEnded: false });
  expect(outcome(recordingId)).toMatchObject({ status: 'failed', reason: { code: 'stopped_before_media' } });
  expect((await begin(recordingId, 1, 'task/late')).kind).toBe('superseded');
  // Its task ends for nothing: whoever is told of it announces the outcome, and frees the lock.
  expect(await gone(recordingId, 1, 'task/late')).toMatchObject({ kind: 'ended', isNew: false });
  expect(store.value(lockKey('m1'), lockSchema)?.releasedAtMs).toBeDefined();
});

it('a recording that a recorder has is not ended by its stop', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  await stop();
  expect(outcome(recordingId)).toBeUndefined();
});

it('an attempt that functions of an earlier version gave up is no sign that nobody records', async () => {
  const { recordingId } = await start();
  const reason = { code: 'never_started', message: '' } as const;
  store.put(attemptKey(recordingId, 1, 'end'), { attempt: 1, endedAtMs: 1, by: 'task-stopped', reason });
  await begin(recordingId, 2, 'task/2');
  await stop();
  expect(outcome(recordingId)).toBeUndefined();
});

it('a launch that was refused for too long says nothing of a recorder that another launch found', async () => {
  const { recordingId } = await start();
  await begin(recordingId, 1, 'task/1');
  const refused = { attempt: 1, reason: 'RESOURCE:CPU', by: 'launch', isFinal: true, unclaimedOnly: true };
  expect(await settleAttempt(ports(), await objects(recordingId), refused)).toEqual({ kind: 'alive' });
  expect(store.value(attemptKey(recordingId, 1, 'end'), endSchema)).toBeUndefined();
});

it('a job whose start died before it had the lock is not launched beside the recording that has it', async () => {
  launcher.fails = () => new Error('the function is gone');
  let orphan: string | undefined;
  store.before = (operation, key) => {
    if (operation !== 'create' || key !== lockKey('m1')) return;
    [orphan] = store.keys('state/recordings/').map((found) => found.split('/')[2]);
    throw new Error('the function is gone');
  };
  await expect(start()).rejects.toThrow('the function is gone');
  store.before = () => undefined;
  launcher.fails = undefined;
  const { recordingId } = await start();
  clock.timeMs += 10 * 60_000;
  const settle = async () => expect.unreachable('it is not to be settled');
  const mends = { ...ports(), hasTask: async () => false, announceMissing: async () => undefined, settle };
  expect(await reconcileRecording(mends, await objects(orphan ?? ''))).toBe('taskMissed');
  expect(outcome(orphan ?? '')).toMatchObject({ status: 'failed', reason: { code: 'superseded' } });
  expect((await begin(orphan ?? '', 1, 'task/late')).kind).toBe('superseded');
  expect(launcher.launched).toEqual([`${recordingId}-1`]);
});
