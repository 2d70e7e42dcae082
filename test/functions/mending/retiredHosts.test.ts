import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NO_HOSTS } from '../../../functions/core/protocol/asks.ts';
import { hostNudgeKey, hostRetireKey, hostStatusKey } from '../../../functions/core/state/keys.ts';
import { retireOldHosts } from '../../../functions/mending/retiredHosts.ts';
import { Walk } from '../../../functions/mending/walk.ts';
import { Bench, CLUSTER, definition } from '../../infra/emulators/ecs/support.ts';
import { waitFor } from '../../support/children.ts';
import { RecorderBench } from '../../support/recorderBench.ts';

const SERVICE = 'hosts';
const environment = { PATH: process.env.PATH ?? '', MODE: 'wait' };
let bench: RecorderBench;
let ecs: Bench;

beforeEach(async () => {
  bench = new RecorderBench();
  await bench.start();
  ecs = await Bench.start({
    taskDefinitions: [
      definition({ environment }),
      definition({ family: 'host', revision: 1, environment }),
      definition({ family: 'host', revision: 2, environment }),
    ],
    services: [{ name: SERVICE, taskDefinition: 'host:1', desiredCount: 2 }],
  });
});
afterEach(async () => {
  await ecs[Symbol.asyncDispose]();
  await bench.close();
});

const running = (count: number): Promise<string[]> =>
  waitFor(`${count} hosts`, () => {
    const found = ecs.server.runningTasks().filter(({ lastStatus }) => lastStatus === 'RUNNING');
    return found.length === count ? found.map(({ taskArn }) => taskArn) : undefined;
  });

const idOf = (taskArn: string): string => taskArn.split('/').at(-1) ?? '';
const tell = (taskArn: string, recordings: number): Promise<unknown> =>
  bench.store.overwrite(hostStatusKey(idOf(taskArn)), {
    hostId: idOf(taskArn),
    atMs: Date.now(),
    taskArn,
    recordings,
    usage: { cpuUnits: 0, memoryBytes: 0, diskShare: 0, loopDelayMs: 0 },
  });

async function retire({ hostsService = SERVICE, afterMs = 0 } = {}): Promise<number> {
  const { store } = bench;
  const walk = await Walk.resume(store, () => true);
  return retireOldHosts(
    { ecs: ecs.client, store, cluster: CLUSTER, hostsService },
    walk,
    Date.now() + afterMs,
    (error) => {
      throw error;
    },
  );
}

it('a host that carries recordings is told to end when another deployment has come, and no other one', async () => {
  const [carrying = '', idle = ''] = await running(2);
  await tell(carrying, 3);
  await tell(idle, 0);
  expect(await retire()).toBe(0);

  // It protects itself: ECS leaves it alone.
  const agentUri = (await ecs.said(`agent ${carrying}`)).split(' ')[2] ?? '';
  await fetch(`${agentUri}/task-protection/v1/state`, {
    method: 'PUT',
    body: JSON.stringify({ ProtectionEnabled: true, ExpiresInMinutes: 10 }),
  });
  await ecs.client.send(
    new UpdateServiceCommand({ cluster: CLUSTER, service: SERVICE, taskDefinition: 'host:2' }),
  );
  await waitFor('a new host in place of the idle one', () => {
    const now = ecs.server.runningTasks().map(({ taskArn }) => taskArn);
    return now.includes(carrying) && !now.includes(idle) ? true : undefined;
  });
  for (const taskArn of await running(3)) if (taskArn !== carrying) await tell(taskArn, 1);

  expect(await retire({ hostsService: NO_HOSTS })).toBe(0);
  // One that has been silent for long is gone.
  expect(await retire({ afterMs: 120_000 })).toBe(0);
  expect(await retire()).toBe(1);
  expect(await bench.store.etag(hostRetireKey(idOf(carrying)))).toBeDefined();
  expect(await bench.store.etag(hostNudgeKey(idOf(carrying)))).toBeDefined();
  expect(await bench.store.list('state/hosts/')).toHaveLength(2 + 2 + 2);
});
