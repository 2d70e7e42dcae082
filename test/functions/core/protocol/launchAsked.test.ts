import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type LaunchAsk, launchAsk } from '../../../../functions/core/protocol/asks.ts';
import { claim } from '../../../../functions/core/protocol/claim.ts';
import { NoCapacityError } from '../../../../functions/core/protocol/launch.ts';
import { launchAsked, START_DEADLINE_MS } from '../../../../functions/core/protocol/launchAsked.ts';
import { endUnclaimed } from '../../../../functions/core/protocol/unclaimed.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { waitingOf } from '../../../../functions/core/state/fold.ts';
import { attemptKey, jobKey, launchKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';

const ID = '01K00000000000000000000001';

let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;
let again: { readonly ask: LaunchAsk; readonly delayMs: number }[];
let ended: number[];
let givenUp: string[];
let random: number;
let moreHosts: number;
let haveHostsRoom: boolean;

beforeEach(() => {
  store = new MemoryStore();
  launcher = new RecordedLauncher();
  clock = new ManualClock();
  again = [];
  givenUp = [];
  ended = [];
  random = 0;
  moreHosts = 0;
  haveHostsRoom = false;
  store.put(jobKey(ID), {
    recordingId: ID,
    mediaSessionId: 'm1',
    requestedAtMs: clock.timeMs,
    requestId: 'r',
    source: { url: 'rtmp://media.example/live/m1' },
    stream: { name: 'camera' },
    settings: DEFAULT_SETTINGS,
  });
});

const launch = (ask: LaunchAsk) =>
  launchAsked(
    {
      store,
      clock,
      tasks: launcher,
      haveHostsRoom: async () => haveHostsRoom,
      moreHosts: async () => {
        moreHosts += 1;
      },
      note: async (recordingId, noted) => store.put(launchKey(recordingId, noted.attempt), noted),
      again: async (later, delayMs) => void again.push({ ask: later, delayMs }),
      giveUp: async (_, reason) => void givenUp.push(reason),
      ended: async ({ attempt }) => void ended.push(attempt),
      random: () => random,
    },
    ask,
  );
const asked = () => launchAsk(ID, 1, clock.timeMs);

async function waiting() {
  const objects = await readRecording(store, ID);
  return objects === undefined ? undefined : waitingOf(objects);
}

describe('an attempt that a recorder is asked for', () => {
  it('is not launched once it was stopped before, and what was not said of that is said', async () => {
    await endUnclaimed({ store, clock }, ID, 'test');
    expect(await launch(asked())).toBe('needless');
    expect([launcher.launched, ended]).toEqual([[], [1]]);
  });

  it('is launched, and says that it waits for its task', async () => {
    expect(await waiting()).toEqual({ for: 'recorder', sinceMs: clock.timeMs });
    const ask = asked();
    clock.timeMs += 500;
    expect(await launch(ask)).toBe('launched');
    expect(launcher.launched).toEqual([`${ID}-1`]);
    expect(await waiting()).toEqual({ for: 'task', sinceMs: clock.timeMs });
    store.put(attemptKey(ID, 1, 'claim'), { attempt: 1, claimedAtMs: clock.timeMs + 1 });
    expect(await waiting()).toEqual({ for: 'source', sinceMs: clock.timeMs + 1 });
  });

  it.each([
    ['claimed', () => store.put(attemptKey(ID, 1, 'claim'), { attempt: 1, claimedAtMs: 1 })],
    [
      'ended',
      () =>
        store.put(attemptKey(ID, 1, 'end'), {
          attempt: 1,
          endedAtMs: 1,
          by: 'x',
          reason: { code: 'interrupted', message: '' },
        }),
    ],
    [
      'over',
      () =>
        store.put(outcomeKey(ID), {
          status: 'failed',
          reason: { code: 'superseded', message: '' },
          parts: 0,
          atMs: 1,
        }),
    ],
    ['forged', () => store.objects.delete(jobKey(ID))],
  ])('is left alone when it is %s', async (_, happens) => {
    happens();
    expect(await launch(asked())).toBe('needless');
    expect(launcher.launched).toEqual([]);
  });

  it('is known to be recorded by one read', async () => {
    await claim({ store, clock }, { recordingId: ID, attempt: 1, runId: 'run' });
    const read: string[] = [];
    store.before = (_, key) => void read.push(key);
    expect(await launch(asked())).toBe('needless');
    expect([read, launcher.launched, ended]).toEqual([[attemptKey(ID, 1, 'claim')], [], []]);
  });

  it('that hosts had no room for asks for one more of them, once', async () => {
    await launch(asked());
    expect(moreHosts).toBe(0);
    launcher.fails = () => new NoCapacityError('RESOURCE:FARGATE');
    const ask = launchAsk(ID, 1, clock.timeMs, { hostsWereAsked: true });
    expect(await launch(ask)).toBe('refused');
    expect(await launch(again[0]?.ask ?? ask)).toBe('refused');
    expect(moreHosts).toBe(1);
    store.put(attemptKey(ID, 1, 'claim'), { attempt: 1, claimedAtMs: 1 });
    expect(await launch(ask)).toBe('needless');
    expect(moreHosts).toBe(1);
  });

  it('is left to hosts for ten seconds while they have room, and launched at once when they have none', async () => {
    haveHostsRoom = true;
    const ask = launchAsk(ID, 1, clock.timeMs, { hostsWereAsked: true });
    clock.timeMs += 9_999;
    expect(await launch(ask)).toBe('leftToHosts');
    expect(again).toEqual([{ ask, delayMs: 2_000 }]);
    expect([launcher.launched, moreHosts]).toEqual([[], 0]);
    expect((await waiting())?.for).toBe('recorder');
    haveHostsRoom = false;
    expect(await launch(ask)).toBe('launched');
    haveHostsRoom = true;
    clock.timeMs += 1;
    expect(await launch(ask)).toBe('launched');
    expect([launcher.launched.length, moreHosts]).toEqual([2, 2]);
  });

  it('is no matter of hosts that were not asked, or once ECS has refused it', async () => {
    haveHostsRoom = true;
    expect(await launch(asked())).toBe('launched');
    const refused = { ...launchAsk(ID, 1, clock.timeMs, { hostsWereAsked: true }), tries: 1 };
    expect(await launch(refused)).toBe('launched');
  });

  it('that a host has claimed, or a stop has ended, is left to nobody', async () => {
    haveHostsRoom = true;
    const ask = launchAsk(ID, 1, clock.timeMs, { hostsWereAsked: true });
    await endUnclaimed({ store, clock }, ID, 'test');
    expect(await launch(ask)).toBe('needless');
    expect([again, ended]).toEqual([[], [1]]);
  });

  it('that ECS refuses is asked for again, later and later, and says why it waits', async () => {
    const refusals = [
      new NoCapacityError('RESOURCE:FARGATE'),
      Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }),
      Object.assign(new Error('socket hang up'), { name: 'TimeoutError' }),
    ];
    let ask = asked();
    for (const [tries, refusal] of refusals.entries()) {
      launcher.fails = () => refusal;
      expect(await launch(ask)).toBe('refused');
      ask = again[tries]?.ask ?? ask;
    }
    expect(ask.tries).toBe(3);
    expect(again.map(({ delayMs }) => delayMs)).toEqual([500, 1_000, 2_000]);
    expect(await waiting()).toEqual({
      for: 'capacity',
      sinceMs: clock.timeMs,
      reason: 'TimeoutError: socket hang up',
    });
    launcher.fails = undefined;
    expect(await launch(ask)).toBe('launched');
    expect((await waiting())?.for).toBe('task');
  });

  it('is given up at the deadline, which an accepted RunTask has met', async () => {
    const ask = asked();
    clock.timeMs += START_DEADLINE_MS;
    expect(await launch(ask)).toBe('launched');
    launcher.fails = () => new NoCapacityError('RESOURCE:FARGATE');
    expect(await launch(ask)).toBe('givenUp');
    expect(givenUp).toEqual(['RESOURCE:FARGATE']);
    expect(again).toEqual([]);
  });

  it('never comes back later than 15 s, nor at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), async (tries, chance) => {
        random = chance;
        launcher.fails = () => new Error('no');
        await launch({ ...asked(), tries });
        const { delayMs = 0 } = again.at(-1) ?? {};
        expect(delayMs).toBeGreaterThanOrEqual(500);
        expect(delayMs).toBeLessThanOrEqual(15_000);
      }),
    );
  });
});
