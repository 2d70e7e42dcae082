import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { applyHook } from '../../../../functions/core/hooks/apply.ts';
import type { HookEvent } from '../../../../functions/core/hooks/event.ts';
import {
  checkHookSecret,
  type HookSettingsInput,
  hookSettingsSchema,
  isRecorded,
  matchesPattern,
} from '../../../../functions/core/hooks/settings.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { attemptKey, lockKey, sessionKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema, sessionSchema } from '../../../../functions/core/state/objects.ts';
import type { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { StartWorld } from '../../../support/startWorld.ts';

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;
beforeEach(reset);
function reset(): void {
  world = new StartWorld();
  ({ store, launcher, clock } = world);
}

const settings = (input: HookSettingsInput = {}) =>
  hookSettingsSchema.parse({ sources: { live: 'rtmp://media.example/live/{streamName}' }, ...input });
const hear = (event: HookEvent, hooks = settings()) =>
  applyHook(world.ports, event, { hooks, defaults: DEFAULT_SETTINGS, requestId: 'hook' });
const session = () => store.value(sessionKey('live/cam'), sessionSchema);

const base = { mediaSessionId: 'live/cam', name: 'cam', app: 'live', kind: 'rtmp' as const };
const published: HookEvent = { ...base, what: 'published', sessionId: 'c1', record: false };
const unpublished: HookEvent = { ...base, what: 'unpublished', sessionId: 'c1' };

describe('a hook', () => {
  it('registers a stream, with its source by the template of its application', async () => {
    await hear(published);
    expect(session()).toMatchObject({
      status: 'PUBLISHING',
      sourceUrl: 'rtmp://media.example/live/cam',
      appKey: 'live',
    });
    expect(launcher.launched).toEqual([]);
    await hear(unpublished);
    expect(session()?.status).toBe('UNPUBLISHED');
  });

  it('is refused where nothing says where the stream is', async () => {
    await expect(hear({ ...published, app: 'other' })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'sourceUrl',
    });
    await expect(hear({ ...published, name: '../secret' })).rejects.toMatchObject({ field: 'name' });
  });

  it('is refused where the stream is at an address that is not allowed, as one without a URL', async () => {
    await expect(hear({ ...published, sourceUrl: 'rtmp://169.254.170.2/live/cam' })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'sourceUrl',
    });
    expect(session()).toBeUndefined();
  });

  it('starts a recording that the publisher asks for, once, and ends it with the stream', async () => {
    const { started } = await hear({ ...published, record: true });
    expect(launcher.launched).toEqual([`${started}-1`]);
    await hear({ ...published, record: true });
    expect(launcher.launched).toHaveLength(1);
    const { stopped } = await hear(unpublished);
    expect(stopped).toBe(started);
    expect(store.objects.has(stopKey(started ?? ''))).toBe(true);
    await hear(unpublished);
  });

  it('does not bring back a recording that somebody stopped while the stream goes on', async () => {
    const { started } = await hear({ ...published, record: true });
    store.put(stopKey(started ?? ''), { requestedAtMs: 1, by: 'somebody', reason: '' });
    clock.timeMs += 30_000;
    expect(await hear({ ...published, record: true })).not.toHaveProperty('started');
    expect(launcher.launched).toHaveLength(1);
    // A new publication is another matter.
    clock.timeMs += 1;
    await hear({ ...published, record: true, sessionId: 'c2' });
    expect(launcher.launched).toHaveLength(2);
  });

  describe('of a stream that is published again before its recording has ended', () => {
    const again: HookEvent = { ...published, record: true, sessionId: 'c2' };
    const claim = (id = '') =>
      store.put(attemptKey(id, 1, 'claim'), { attempt: 1, claimedAtMs: clock.timeMs });

    it('starts another recording, when the end of the former publication stops the one that was the answer', async () => {
      const { started: first } = await hear({ ...published, record: true });
      claim(first);
      let second: string | undefined;
      store.before = async (operation, key) => {
        if (operation !== 'create' || key !== stopKey(first ?? '') || second !== undefined) return;
        second = 'on its way';
        clock.timeMs += 1;
        second = (await hear(again)).started;
      };
      const { started } = await hear(unpublished);
      expect(second).toBe(first);
      expect(session()).toMatchObject({ status: 'PUBLISHING', sessionId: 'c2' });
      expect(launcher.launched).toEqual([`${first}-1`, `${started}-1`]);
      expect(store.value(lockKey('live/cam'), lockSchema)?.recordingId).toBe(started);
    });

    it('leaves it alone where the end of the former publication comes later', async () => {
      const { started: first } = await hear({ ...published, record: true });
      claim(first);
      clock.timeMs += 1;
      expect(await hear(again)).toMatchObject({ started: first });
      await hear(unpublished);
      expect(store.objects.has(stopKey(first ?? ''))).toBe(false);
    });

    it('does not bring back what somebody stopped', async () => {
      const { started: first } = await hear({ ...published, record: true });
      claim(first);
      clock.timeMs += 1;
      await hear(again);
      const ports = { store, clock, stopTasks: async () => undefined, warn: () => undefined };
      await stopRecording(ports, { mediaSessionId: 'live/cam', by: 'somebody' });
      clock.timeMs += 30_000;
      expect(await hear(again)).not.toHaveProperty('started');
      expect(launcher.launched).toHaveLength(1);
    });
  });

  it('starts what an earlier hook could not, when the server says again that the stream goes on', async () => {
    launcher.fails = () => new Error('socket hang up');
    await expect(hear({ ...published, record: true })).rejects.toThrow('socket hang up');
    launcher.fails = undefined;
    clock.timeMs += 30_000;
    store.objects.delete(lockKey('live/cam'));
    await hear({ ...published, record: true });
    expect(launcher.launched).toHaveLength(1);
  });

  it('about an earlier connection that comes late ends nothing', async () => {
    await hear({ ...published, record: true });
    await hear({ ...published, record: true, sessionId: 'c2' });
    await hear(unpublished);
    expect(session()).toMatchObject({ status: 'PUBLISHING', sessionId: 'c2' });
    const lock = store.value(lockKey('live/cam'), lockSchema);
    expect(store.objects.has(stopKey(lock?.recordingId ?? ''))).toBe(false);
  });

  it('that was overtaken by the end of its own connection brings nothing back', async () => {
    await hear(unpublished);
    await hear(published);
    expect(session()?.status).toBe('UNPUBLISHED');
    clock.timeMs += 10_000;
    await hear(published);
    expect(session()?.status).toBe('PUBLISHING');
  });
});

describe('events converge', () => {
  it('of one WCS stream, in whatever order and however often they come', async () => {
    const wcs = { ...base, sessionId: 's1', isUnique: true } as const;
    const story: HookEvent[] = [
      { ...wcs, what: 'pending' },
      { ...wcs, what: 'published' },
      { ...wcs, what: 'unpublished' },
    ];
    const rank = { pending: 0, published: 1, unpublished: 2 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...story), { minLength: 1, maxLength: 8 }),
        fc.scheduler(),
        async (events, s) => {
          reset();
          store.before = () => s.schedule(Promise.resolve());
          const done = Promise.all(events.map((event) => hear(event)));
          await s.waitIdle();
          await done;
          const last = [...events].sort((a, b) => rank[b.what] - rank[a.what])[0];
          const status = { pending: 'PENDING', published: 'PUBLISHING', unpublished: 'UNPUBLISHED' } as const;
          expect(session()?.status).toBe(status[last?.what ?? 'pending']);
        },
      ),
    );
  });

  it('with times of their own: the latest one counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
        fc.scheduler(),
        async (times, s) => {
          reset();
          store.before = () => s.schedule(Promise.resolve());
          const events = times.map(
            (atMs): HookEvent => ({
              ...base,
              what: atMs % 2 === 0 ? 'published' : 'unpublished',
              atMs,
            }),
          );
          const done = Promise.allSettled(events.map((event) => hear(event)));
          await s.waitIdle();
          for (const one of await done) {
            if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'stale_event' });
          }
          expect(session()?.status).toBe(Math.max(...times) % 2 === 0 ? 'PUBLISHING' : 'UNPUBLISHED');
        },
      ),
    );
  });
});

describe('what is recorded', () => {
  const stream = { name: 'cam1', kind: 'rtmp' as const };
  it.each<[{ record?: boolean }, HookSettingsInput, boolean]>([
    [{ record: true }, {}, true],
    [{ record: false }, {}, false],
    [{}, {}, false],
    [{ record: true }, { recordStreams: false }, false],
    [{ record: true }, { recordKinds: { rtmp: false } }, false],
    [{ record: true }, { recordKinds: { webrtc: false } }, true],
    [{}, { recordKinds: { rtmp: 'always' } }, true],
    [{}, { recordKinds: { rtsp: 'always' } }, false],
    [{}, { recordKinds: { rtmp: true } }, false],
    [{}, { recordKinds: { rtmp: 'always' }, recordStreams: false }, false],
    [{}, { recordKinds: { rtmp: 'always' }, recordNever: ['cam1'] }, false],
    [{}, { recordAlways: ['cam*'] }, true],
    [{}, { recordAlways: ['cam*'], recordStreams: false }, true],
    [{ record: true }, { recordNever: ['*1'] }, false],
    [{}, { recordAlways: ['*'], recordNever: ['cam1'] }, false],
  ])('%j under %j: %s', (more, input, recorded) => {
    expect(isRecorded({ ...stream, ...more }, settings(input))).toBe(recorded);
  });

  it('is told by patterns that mean what they say', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 }),
        (name, glob) => {
          const pattern = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's');
          expect(matchesPattern(name, glob)).toBe(pattern.test(name));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('only secrets of the deployment are let in', () => {
  // sha256('s3cret')
  const hash = '1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0';
  const hooks = settings({ secretsSha256: ['0'.repeat(64), hash] });
  expect(() => checkHookSecret('s3cret', hooks)).not.toThrow();
  for (const secret of ['', 's3cre', 's3cret ', hash]) {
    expect(() => checkHookSecret(secret, hooks)).toThrow(expect.objectContaining({ code: 'hook_refused' }));
  }
  expect(() => checkHookSecret('s3cret', settings())).toThrow(expect.objectContaining({ status: 403 }));
});
