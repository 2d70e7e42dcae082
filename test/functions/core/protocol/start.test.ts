import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS, type RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import {
  activeKey,
  attemptKey,
  indexKey,
  jobKey,
  lockKey,
  outcomeKey,
  sessionKey,
  stopKey,
} from '../../../../functions/core/state/keys.ts';
import {
  activeSchema,
  jobSchema,
  lockSchema,
  type Session,
} from '../../../../functions/core/state/objects.ts';
import type { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { StartWorld } from '../../../support/startWorld.ts';

const SESSION: Session = {
  mediaSessionId: 'm1',
  name: 'camera 1',
  status: 'PUBLISHING',
  sourceUrl: 'rtmp://media.example/live/secret-key',
  eventAtMs: 1,
};

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;

beforeEach(reset);
function reset(): void {
  world = new StartWorld(SESSION);
  ({ store, launcher, clock } = world);
}

const start = () =>
  startRecording(world.ports, { mediaSessionId: 'm1', settings: DEFAULT_SETTINGS, requestId: 'r1' });
const stop = () =>
  stopRecording(
    { store, clock, stopTasks: async () => undefined, warn: () => undefined },
    { mediaSessionId: 'm1', by: 'test' },
  );

describe('start', () => {
  it('writes job, lock and index, then launches attempt 1', async () => {
    const { recordingId, alreadyStarted } = await start();
    expect(alreadyStarted).toBe(false);
    expect(store.value(jobKey(recordingId), jobSchema)).toMatchObject({
      mediaSessionId: 'm1',
      source: { url: SESSION.sourceUrl },
      stream: { name: 'camera 1' },
    });
    expect(store.value(lockKey('m1'), lockSchema)?.recordingId).toBe(recordingId);
    expect(store.objects.has(indexKey(recordingId))).toBe(true);
    expect(launcher.launched).toEqual([`${recordingId}-1`]);
  });

  it('marks the recording as active before a lock can lead to it', async () => {
    const written: string[] = [];
    store.before = (operation, key) => {
      if (operation === 'create') written.push(key);
    };
    const { recordingId } = await start();
    const places = [jobKey(recordingId), activeKey(recordingId), lockKey('m1')].map((key) =>
      written.indexOf(key),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(store.value(activeKey(recordingId), activeSchema)).toEqual({ recordingId, mediaSessionId: 'm1' });
  });

  it('refuses a session that is unknown or not PUBLISHING', async () => {
    store.put(sessionKey('m1'), { ...SESSION, status: 'UNPUBLISHED' });
    await expect(start()).rejects.toMatchObject({
      code: 'session_not_found',
      status: 404,
      field: 'mediaSessionId',
    });
    store.objects.delete(sessionKey('m1'));
    await expect(start()).rejects.toMatchObject({ code: 'session_not_found' });
    expect(store.keys('state/recordings/')).toEqual([]);
  });

  it('answers the same request with the same recording while it goes on', async () => {
    const first = await start();
    const second = await start();
    expect(second).toEqual({ recordingId: first.recordingId, alreadyStarted: true });
    expect(launcher.launched).toHaveLength(1);
  });

  it('starts a new recording when the former one has ended, or is stopping', async () => {
    const first = await start();
    await stop();
    const second = await start();
    expect(second.recordingId).not.toBe(first.recordingId);
    const outcome = { status: 'finished', reason: { code: 'stopped', message: '' }, parts: 1, atMs: 1 };
    store.put(outcomeKey(second.recordingId), outcome);
    const third = await start();
    expect(third.recordingId).not.toBe(second.recordingId);
    expect(store.value(lockKey('m1'), lockSchema)?.recordingId).toBe(third.recordingId);
  });

  it('asks again when a start crashed before it had asked, and not before some time', async () => {
    launcher.fails = () => new Error('socket hang up');
    await expect(start()).rejects.toThrow('socket hang up');
    launcher.fails = undefined;
    const soon = await start();
    expect(launcher.launched).toEqual([]);
    clock.timeMs += 10_000;
    const later = await start();
    expect(later).toEqual({ recordingId: soon.recordingId, alreadyStarted: true });
    expect(launcher.launched).toEqual([`${soon.recordingId}-1`]);
    store.put(attemptKey(soon.recordingId, 1, 'claim'), { attempt: 1, claimedAtMs: clock.timeMs });
    await start();
    expect(launcher.launched).toHaveLength(1);
  });

  it('knows its own lock again when the answer to the write was lost', async () => {
    const create = store.create.bind(store);
    let lost = false;
    store.create = async (key, value) => {
      const created = await create(key, value);
      if (key !== lockKey('m1') || lost) return created;
      lost = true;
      return false;
    };
    const result = await start();
    expect(result.alreadyStarted).toBe(false);
    expect(launcher.launched).toEqual([`${result.recordingId}-1`]);
  });

  it('gives one recording for many starts at once, whatever the order of their steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, count) => {
        reset();
        store.before = (operation, key) => scheduler.schedule(Promise.resolve(), `${operation} ${key}`);
        const all = Promise.all(Array.from({ length: count }, () => start()));
        await scheduler.waitFor(all);
        const results = await all;
        expect(new Set(results.map((result) => result.recordingId)).size).toBe(1);
        expect(results.filter((result) => !result.alreadyStarted)).toHaveLength(1);
        expect(launcher.launched).toEqual([`${results[0]?.recordingId}-1`]);
        const jobs = store.keys('state/recordings/').filter((key) => key.endsWith('job.json'));
        const superseded = store.keys('state/recordings/').filter((key) => key.endsWith('outcome.json'));
        expect(superseded).toHaveLength(jobs.length - 1);
      }),
      { numRuns: 100 },
    );
  });
});

describe('stop', () => {
  it('is durable before any task is asked, and the same again', async () => {
    const { recordingId } = await start();
    store.put(attemptKey(recordingId, 1, 'claim'), { attempt: 1, claimedAtMs: clock.timeMs });
    await expect(stop()).resolves.toEqual({ recordingId, alreadyEnded: false });
    expect(store.objects.has(stopKey(recordingId))).toBe(true);
    await expect(stop()).resolves.toEqual({ recordingId, alreadyEnded: false });
  });

  it('succeeds although StopTask fails, since the recorder polls stop.json', async () => {
    const { recordingId } = await start();
    const warnings: string[] = [];
    const result = await stopRecording(
      {
        store,
        clock,
        stopTasks: async () => {
          expect(store.objects.has(stopKey(recordingId))).toBe(true);
          throw new Error('ECS is away');
        },
        warn: (message) => warnings.push(message),
      },
      { mediaSessionId: 'm1', by: 'test' },
    );
    expect(result).toEqual({ recordingId, alreadyEnded: false });
    expect(warnings).toHaveLength(1);
  });

  it('is told to whoever records at once, whatever else has to be looked at', async () => {
    const { recordingId } = await start();
    const steps: string[] = [];
    const stopTasks = async () => void steps.push('told');
    store.before = (operation, key) => {
      if (operation === 'create' && key.endsWith('claim.json')) steps.push('looked whether somebody records');
      if (operation === 'create' && key === stopKey(recordingId)) steps.push('stop');
    };
    await stopRecording(
      { store, clock, stopTasks, warn: () => undefined },
      { mediaSessionId: 'm1', by: 'test' },
    );
    expect(steps).toEqual(['stop', 'told', 'looked whether somebody records']);
  });

  it('answers 404 for a session that was never recorded, and 200 for one that has ended', async () => {
    await expect(stop()).rejects.toMatchObject({ code: 'recording_not_found', status: 404 });
    const { recordingId } = await start();
    const outcome = { status: 'finished', reason: { code: 'source_ended', message: '' }, parts: 1, atMs: 1 };
    store.put(outcomeKey(recordingId), outcome);
    await expect(stop()).resolves.toEqual({ recordingId, alreadyEnded: true });
    expect(store.objects.has(stopKey(recordingId))).toBe(false);
  });
});

describe('limits', () => {
  const MAX_MS = 60_000;
  const refused = new RecorderError('too_many_recordings', 'full');
  let full: boolean;
  let asked: number;
  beforeEach(() => {
    full = false;
    asked = 0;
  });
  const limited = (config: Partial<RecordingSettings> = {}) =>
    startRecording(
      {
        ...world.ports,
        limits: {
          maxDurationMs: MAX_MS,
          admit: async () => {
            asked += 1;
            if (full) throw refused;
          },
        },
      },
      {
        mediaSessionId: 'm1',
        settings: { ...DEFAULT_SETTINGS, ...config },
        requestId: 'r1',
        whenDifferent: 'restart',
      },
    );

  it('refuse a start before anything is written', async () => {
    full = true;
    const before = [...store.objects.keys()];
    await expect(limited()).rejects.toBe(refused);
    expect([...store.objects.keys()]).toEqual(before);
    expect(launcher.launched).toEqual([]);
  });

  it('are not asked about a recording that goes on, nor about one that takes its place', async () => {
    const first = await limited();
    full = true;
    await expect(limited()).resolves.toEqual({ ...first, alreadyStarted: true });
    const second = await limited({ audioSampleRateHz: 48_000 });
    expect(second).toMatchObject({ alreadyStarted: false });
    expect(asked).toBe(1);
  });

  it('give each recording an end, whoever asked for none', async () => {
    const { recordingId } = await limited();
    expect(store.value(jobKey(recordingId), jobSchema)?.settings.maxDurationMs).toBe(MAX_MS);
    const other = await limited({ maxDurationMs: 5_000 });
    expect(store.value(jobKey(other.recordingId), jobSchema)?.settings.maxDurationMs).toBe(5_000);
  });

  it('do not begin a recording anew that is older than they are', async () => {
    const { recordingId } = await start();
    await expect(limited()).resolves.toEqual({ recordingId, alreadyStarted: true });
  });
});
