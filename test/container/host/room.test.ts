import { describe, expect, it } from 'vitest';
import { processTreeUsage } from '../../../container/host/processTree.ts';
import { Room, type Usage } from '../../../container/host/room.ts';
import { Child, waitFor } from '../../support/children.ts';

const MIB = 1024 * 1024;
const calm: Usage = { cpuUnits: 100, memoryBytes: 300 * MIB, diskShare: 0.1, loopDelayMs: 5 };
const room = (maxRecordings = 1_000) => new Room({ cpuUnits: 1024, memoryBytes: 2048 * MIB, maxRecordings });

describe('the room of a host', () => {
  it.each([
    ['cpu', { cpuUnits: 710 }],
    ['memory', { memoryBytes: 1_500 * MIB }],
    ['disk', { diskShare: 0.81 }],
    ['eventLoop', { loopDelayMs: 300 }],
  ] as const)('ends with its %s', (why, usage) => {
    const host = room();
    host.measured(calm, 0);
    expect(host.full(0)).toBeUndefined();
    for (let n = 0; n < 3; n++) host.measured({ ...calm, ...usage }, 0);
    expect(host.full(0)).toBe(why);
    host.measured(calm, 0);
    expect(host.full(0)).toBeUndefined();
  });

  it.each([
    ['cpu', { cpuUnits: 1_024 }],
    ['eventLoop', { loopDelayMs: 900 }],
  ] as const)(
    'is not over for a burst of recordings that begin, which take its %s for a moment',
    (why, usage) => {
      const host = room();
      host.measured(calm, 0);
      const fulls = [2_000, 4_000, 6_000].map((nowMs) => {
        host.taken(nowMs);
        host.measured({ ...calm, ...usage }, nowMs);
        return host.full(nowMs);
      });
      expect(fulls).toEqual([undefined, undefined, why]);
      // What they are expected to take is kept free all the while.
      for (let n = 0; n < 40; n++) host.taken(6_000);
      host.measured(calm, 8_000);
      expect(host.full(8_000)).toBe('cpu');
    },
  );

  it.each([
    ['memory', { memoryBytes: 1_500 * MIB }],
    ['disk', { diskShare: 0.81 }],
  ] as const)('is over at once without %s', (why, usage) => {
    const host = room();
    host.measured(calm, 0);
    host.measured({ ...calm, ...usage }, 2_000);
    expect(host.full(2_000)).toBe(why);
  });

  it('ends at its ceiling, and comes back when one leaves', () => {
    const host = room(2);
    host.taken(0);
    host.taken(0);
    expect(host.full(100_000)).toBe('maxRecordings');
    host.left();
    expect(host.full(100_000)).toBeUndefined();
  });

  it('keeps free what those that have just begun will take, for a minute', () => {
    const host = room();
    host.measured(calm, 0);
    let taken = 0;
    for (; host.full(0) === undefined; taken++) host.taken(0);
    // 45 MiB each, up to three quarters of 2 GiB, beside the 300 that are measured.
    expect(taken).toBe(27);
    expect(host.full(59_999)).toBe('memory');
    expect(host.full(60_000)).toBeUndefined();
  });

  it.each([
    ['cpu', { cpuUnits: 1_000 }],
    ['memory', { memoryBytes: 1_900 * MIB }],
  ] as const)('that is too small in its %s for half a minute gives up one at a time', (_, usage) => {
    const host = room();
    const measure = (nowMs: number, more: Partial<Usage> = usage) => {
      host.measured({ ...calm, ...more }, nowMs);
      return host.mustGiveUpOne(nowMs);
    };
    expect([measure(0), measure(29_999), measure(30_000), measure(32_000)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect([measure(61_999), measure(62_000)]).toEqual([false, true]);
    // A burst is none.
    expect([measure(64_000), measure(80_000, {}), measure(95_000)]).toEqual([false, false, false]);
  });
});

it('the use of a process has that of all that it started, also of what has ended', async () => {
  const busy = 'while (process.cpuUsage().user < 100_000);';
  // It ends with what it reads from.
  const last = `process.stdin.resume(); console.log(process.pid)`;
  const between = `const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', ${JSON.stringify(last)}], { stdio: ['pipe', 'inherit', 'inherit'] });
    process.stdin.resume().on('end', () => process.exit());
    console.log(process.pid);`;
  const script = `const { spawnSync, spawn } = require('node:child_process');
    spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]);
    spawn(process.execPath, ['-e', ${JSON.stringify(between)}], { stdio: ['pipe', 'inherit', 'inherit'] });
    setInterval(() => undefined, 1000);`;
  const parent = new Child(process.execPath, ['-e', script]);
  const pid = parent.process.pid ?? 0;
  const pids = await waitFor(
    'what it started',
    () => {
      const said = parent.output.match(/\d+/g)?.map(Number) ?? [];
      return said.length === 2 ? said : undefined;
    },
    { timeoutMs: 60_000 },
  );
  const usage = processTreeUsage(pid);
  expect(usage.cpuMs).toBeGreaterThanOrEqual(90);
  const [one, other] = pids.map((each) => processTreeUsage(each).memoryBytes).sort((a, b) => a - b);
  expect(one).toBeGreaterThan(20 * MIB);
  expect(other).toBeGreaterThan((one ?? 0) + 20 * MIB);
  expect(usage.memoryBytes).toBeGreaterThan((other ?? 0) + 20 * MIB);
  await parent.stop();
  expect(processTreeUsage(pid)).toEqual({ cpuMs: 0, memoryBytes: 0 });
}, 180_000);
