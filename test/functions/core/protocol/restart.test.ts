import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { releaseLock } from '../../../../functions/core/protocol/lock.ts';
import { stopReplaced } from '../../../../functions/core/protocol/replaced.ts';
import { settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS, type RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import { jobKey, lockKey, outcomeKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { jobSchema, lockSchema, outcomeSchema } from '../../../../functions/core/state/objects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import type { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { PUBLISHED, StartWorld } from '../../../support/startWorld.ts';

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;

beforeEach(reset);
function reset(): void {
  world = new StartWorld(PUBLISHED);
  ({ store, launcher, clock } = world);
}

const every = (seconds: number): RecordingSettings => ({
  ...DEFAULT_SETTINGS,
  rotation: { kind: 'time', everyMs: seconds * 1000 },
});
const start = async (settings: RecordingSettings, whenDifferent: 'keep' | 'restart' = 'restart') =>
  startRecording(world.ports, { mediaSessionId: 'm1', settings, whenDifferent, requestId: 'r' });
const stop = async () =>
  stopRecording(
    { store, clock, stopTasks: async () => undefined, warn: () => undefined },
    { mediaSessionId: 'm1', by: 'test' },
  );
const job = (id: string) => store.value(jobKey(id), jobSchema);
const holder = () => store.value(lockKey('m1'), lockSchema);
const isStopped = (id: string) => store.objects.has(stopKey(id));
const end = async (id: string) => {
  await store.create(outcomeKey(id), {
    status: 'finished',
    reason: { code: 'stopped', message: '' },
    parts: 1,
    atMs: 1,
  });
  await releaseLock({ store, clock }, 'm1', id);
};

describe('a start with another config', () => {
  it('is a new recording that holds the lock, and the old one goes on until the first frame', async () => {
    const first = await start(DEFAULT_SETTINGS);
    const second = await start(every(60));
    expect(second.alreadyStarted).toBe(false);
    expect(job(second.recordingId)).toMatchObject({ replaces: first.recordingId });
    expect(holder()?.recordingId).toBe(second.recordingId);
    expect(isStopped(first.recordingId)).toBe(false);
    expect(launcher.launched).toHaveLength(2);
    const replacing = { recordingId: second.recordingId, replaces: first.recordingId };
    expect(await stopReplaced({ store, clock }, replacing)).toEqual([first.recordingId]);
    expect(isStopped(first.recordingId)).toBe(true);
    expect(await stopReplaced({ store, clock }, replacing)).toEqual([]);
  });

  it('is the same recording where the config is the same, or none is given', async () => {
    const first = await start(every(60));
    expect(await start(every(60))).toEqual({ recordingId: first.recordingId, alreadyStarted: true });
    expect(await start(DEFAULT_SETTINGS, 'keep')).toEqual({
      recordingId: first.recordingId,
      alreadyStarted: true,
    });
    expect(launcher.launched).toHaveLength(1);
  });

  it('stops the whole chain at the first frame of the last one', async () => {
    const a = await start(DEFAULT_SETTINGS);
    const b = await start(every(1));
    const c = await start(every(2));
    const stopped = await stopReplaced(
      { store, clock },
      { recordingId: c.recordingId, replaces: b.recordingId },
    );
    expect(stopped).toEqual([b.recordingId, a.recordingId]);
  });

  it('that has no capacity hands the lock back: the old recording can be stopped and found', async () => {
    const first = await start(DEFAULT_SETTINGS);
    const { recordingId } = await start(every(60));
    const objects = await readRecording(store, recordingId);
    if (objects === undefined) throw new Error('there is no recording');
    const refused = { attempt: 1, reason: 'RESOURCE:FARGATE', by: 'launch', isFinal: true };
    const ports = {
      store,
      clock,
      tasks: launcher,
      stopTasks: async () => undefined,
      sleep: async () => undefined,
      newRecordingId: () => newRecordingId(clock.nowMs(), new Uint8Array(16)),
      rescue: async () => objects,
    };
    expect(await settleAttempt(ports, objects, refused)).toMatchObject({
      kind: 'ended',
      outcome: { status: 'failed', reason: { code: 'never_started' } },
    });
    expect(holder()).toMatchObject({ recordingId: first.recordingId });
    expect(holder()?.releasedAtMs).toBeUndefined();
    expect(await start(DEFAULT_SETTINGS, 'keep')).toMatchObject({ recordingId: first.recordingId });
    await expect(stop()).resolves.toEqual({ recordingId: first.recordingId, alreadyEnded: false });
  });

  it('that is stopped before its first frame takes the old one with it', async () => {
    const first = await start(DEFAULT_SETTINGS);
    const second = await start(every(60));
    await stop();
    expect([first, second].map(({ recordingId }) => isStopped(recordingId))).toEqual([true, true]);
    await end(second.recordingId);
    expect(holder()).toMatchObject({ recordingId: second.recordingId, releasedAtMs: clock.timeMs });
  });

  it('replaces whom it finds when the lock changed hands meanwhile', async () => {
    const first = await start(DEFAULT_SETTINGS);
    let other: string | undefined;
    store.before = async (operation, key) => {
      if (operation !== 'replace' || key !== lockKey('m1') || other !== undefined) return;
      other = '';
      other = (await start(every(1))).recordingId;
    };
    const second = await start(every(2));
    expect(job(second.recordingId)?.replaces).toBe(other);
    expect(job(other ?? '')?.replaces).toBe(first.recordingId);
    expect(holder()?.recordingId).toBe(second.recordingId);
    // The job that named the wrong one is over, and nobody launched it.
    const failed = store.keys('state/recordings/').filter((key) => key.endsWith('outcome.json'));
    expect(failed.map((key) => store.value(key, outcomeSchema)?.reason.code)).toEqual(['superseded']);
    expect(launcher.launched).toHaveLength(3);
  });
});

it('starts, restarts and stops in any order leave at most one recording that nobody will stop', async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('start' as const), seconds: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ kind: 'stop' as const }),
    fc.constant({ kind: 'firstFrame' as const }),
    fc.constant({ kind: 'end' as const }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 12 }),
      fc.scheduler(),
      async (actions, s) => {
        reset();
        store.before = () => s.schedule(Promise.resolve());
        const runs = actions.map(async (one) => {
          const current = () => holder()?.recordingId;
          if (one.kind === 'start') await start(every(one.seconds)).catch(expected);
          else if (one.kind === 'stop') await stop().catch(expected);
          else {
            const id = current();
            const known = id === undefined ? undefined : job(id);
            if (known === undefined) return;
            if (one.kind === 'firstFrame') await stopReplaced({ store, clock }, known);
            else await end(known.recordingId);
          }
        });
        await s.waitIdle();
        await Promise.all(runs);
        store.before = () => undefined;
        // What still goes on and was launched is what the lock names, or what that one stops at its first frame.
        const going = [...new Set(launcher.launched.map((token) => token.slice(0, 26)))].filter(
          (id) => !store.objects.has(outcomeKey(id)) && !isStopped(id),
        );
        const held = holder()?.recordingId;
        const heldJob = held === undefined ? undefined : job(held);
        if (heldJob !== undefined) await stopReplaced({ store, clock }, heldJob);
        const unstopped = going.filter((id) => id !== held && !isStopped(id));
        expect(unstopped).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

function expected(error: unknown): void {
  if (!(error instanceof RecorderError)) throw error;
}
