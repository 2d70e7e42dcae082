import { DescribeServicesCommand } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { addHost } from '../../../functions/aws/hosts.ts';
import { Bench, CLUSTER, definition } from '../../infra/emulators/ecs/support.ts';
import { waitFor } from '../../support/children.ts';

it('one host more is asked for, unless one is on its way, or there are as many as there may be', async () => {
  const environment = { PATH: process.env.PATH ?? '', MODE: 'wait' };
  await using bench = await Bench.start({
    taskDefinitions: [definition({ environment }), definition({ family: 'host', revision: 1, environment })],
    services: [{ name: 'hosts', taskDefinition: 'host:1', desiredCount: 1 }],
  });
  const place = { cluster: CLUSTER, service: 'hosts' };
  const service = async () => {
    const command = new DescribeServicesCommand({ cluster: CLUSTER, services: ['hosts'] });
    return (await bench.client.send(command)).services?.[0];
  };
  const run = (count: number) =>
    waitFor(`${count} hosts`, async () => ((await service())?.runningCount === count ? true : undefined));
  await run(1);
  bench.server.simulation.launchDelayMs = 60_000;
  expect(await addHost(bench.client, { ...place, max: 1 })).toBe(false);
  expect(await addHost(bench.client, { ...place, max: 3 })).toBe(true);
  expect(await addHost(bench.client, { ...place, max: 3 })).toBe(false);
  expect((await service())?.desiredCount).toBe(2);
  expect(await addHost(bench.client, { ...place, service: 'none', max: 3 })).toBe(false);
});
