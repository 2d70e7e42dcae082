import { beforeEach, describe, expect, it } from 'vitest';
import { HostsRoom } from '../../../../functions/core/protocol/hostsRoom.ts';
import type { HostStatus } from '../../../../functions/core/state/hostObjects.ts';
import { hostStatusKey } from '../../../../functions/core/state/keys.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

let store: MemoryStore;
let clock: ManualClock;
let hosts: string[];
let looks: string[];
let room: HostsRoom;

beforeEach(() => {
  store = new MemoryStore();
  clock = new ManualClock();
  hosts = [];
  looks = [];
  store.before = (_, key) => void looks.push(key);
  let drawn = 0;
  const random = (): number => {
    drawn += 1;
    return (drawn * 0.618) % 1;
  };
  room = new HostsRoom({ store, clock, hostIds: async () => hosts, random });
});

function host(hostId: string, more: Partial<HostStatus> = {}): void {
  if (!hosts.includes(hostId)) hosts.push(hostId);
  store.put(hostStatusKey(hostId), {
    hostId,
    atMs: clock.timeMs,
    recordings: 1,
    usage: { cpuUnits: 0, memoryBytes: 0, diskShare: 0, loopDelayMs: 0 },
    ...more,
  } satisfies HostStatus);
}

describe('room on hosts', () => {
  it('there is none without hosts, nor on one that has ended', async () => {
    expect(await room.isAny()).toBe(false);
    hosts.push('ended');
    clock.timeMs += 1_000;
    expect(await room.isAny()).toBe(false);
  });

  it('is what one of them says that is not full', async () => {
    host('full', { full: 'cpu' });
    expect(await room.isAny()).toBe(false);
    host('free');
    clock.timeMs += 1_000;
    expect(await room.isAny()).toBe(true);
  });

  it('is not on a host that others take for gone', async () => {
    host('carries');
    clock.timeMs += 6_999;
    expect(await room.isAny()).toBe(true);
    clock.timeMs += 1_000;
    expect(await room.isAny()).toBe(false);
  });

  it('is not on a host that has claimed nothing, which may have died a while ago', async () => {
    host('idle', { recordings: 0 });
    expect(await room.isAny()).toBe(false);
    host('idle', { recordings: 1 });
    clock.timeMs += 1_000;
    expect(await room.isAny()).toBe(true);
  });

  it('is looked for once a second, on eight of many hosts, and on others the next time', async () => {
    for (let n = 0; n < 100; n++) host(`host-${n}`, { full: 'maxRecordings' });
    await room.isAny();
    clock.timeMs += 999;
    await room.isAny();
    expect(looks.length).toBe(8);
    clock.timeMs += 1;
    await room.isAny();
    expect(looks.length).toBe(16);
    expect(new Set(looks).size).toBeGreaterThan(8);
  });
});
