import { expect, it } from 'vitest';
import { taskLauncher } from '../../../functions/aws/tasks.ts';
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
