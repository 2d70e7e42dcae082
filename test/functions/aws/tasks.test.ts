import { ListTasksCommand } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { isComposed, mergeLauncher, stopTasks, taskLauncher } from '../../../functions/aws/tasks.ts';
import { Bench, CLUSTER, definition } from '../../infra/emulators/ecs/support.ts';

it('launches an attempt once, though a deployment came between two launches of it', async () => {
  const environment = { PATH: process.env.PATH ?? '', MODE: 'plain' };
  const taskDefinitions = ['recorder', 'recorder-next'].map((family) => definition({ family, environment }));
  await using bench = await Bench.start({ taskDefinitions });
  const launcher = (taskDefinition: string) =>
    taskLauncher(bench.client, {
      cluster: CLUSTER,
      taskDefinition,
      containerName: 'recorder',
      subnets: ['subnet-1'],
      securityGroups: ['sg-1'],
      assignPublicIp: 'ENABLED',
      landingBucket: 'landing',
      capacityProviders: ['FARGATE'],
    });
  await launcher('recorder').run('r1', 1);
  // The same token with other parameters: ECS answers with a ConflictException.
  await launcher('recorder-next').run('r1', 1);
  expect(bench.server.runningTasks()).toHaveLength(1);
  await launcher('recorder-next').run('r1', 2);
  expect(bench.server.runningTasks()).toHaveLength(2);
});

it('knows what composes a merge until that has ended, and stops it alone', async () => {
  const environment = { PATH: process.env.PATH ?? '', MODE: 'deaf' };
  // It ends when the test says so.
  const merge = definition({ family: 'merge', environment, stopTimeoutMs: 600_000 });
  await using bench = await Bench.start({ taskDefinitions: [merge] });
  const launcher = mergeLauncher(bench.client, {
    ...{ cluster: CLUSTER, taskDefinition: 'merge', containerName: 'recorder', subnets: ['subnet-1'] },
    ...{ securityGroups: ['sg-1'], assignPublicIp: 'ENABLED', capacityProviders: ['FARGATE'] },
  });
  const known = (): Promise<readonly boolean[]> =>
    Promise.all(
      [
        ['merge', 'm1'] as const,
        ['arn:aws:ecs:us-east-1:000000000000:task-definition/merge:3', 'm1'] as const,
        ['merge', 'm2'] as const,
      ].map(([taskDefinition, id]) => isComposed(bench.client, { cluster: CLUSTER, taskDefinition }, id)),
    );
  expect(await known()).toEqual([false, false, false]);
  await launcher.run('m1', 1);
  expect(await known()).toEqual([true, true, false]);
  const pid = Number((await bench.said('process ')).slice('process '.length));
  const started = async (): Promise<readonly string[]> =>
    (await bench.client.send(new ListTasksCommand({ cluster: CLUSTER, startedBy: 'm1' }))).taskArns ?? [];
  const [taskArn = ''] = await started();
  await stopTasks(bench.client, CLUSTER, 'm2', 'another one was given up');
  expect(await started()).toEqual([taskArn]);
  await stopTasks(bench.client, CLUSTER, 'm1', 'it was given up');
  await bench.said('SIGTERM ignored');
  expect(await started()).toEqual([]);
  expect(await known()).toEqual([true, true, false]);
  process.kill(pid, 'SIGKILL');
  await bench.stopped(taskArn);
  expect(await known()).toEqual([false, false, false]);
});
