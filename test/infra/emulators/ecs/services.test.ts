import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeServicesCommand,
  ListTasksCommand,
  RunTaskCommand,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../support/children.ts';
import { Bench, CLUSTER, definition } from './support.ts';

const environment = { PATH: process.env.PATH ?? '', MODE: 'wait' };

function start(desiredCount: number): Promise<Bench> {
  return Bench.start({
    taskDefinitions: [
      definition({ environment }),
      definition({ family: 'host', revision: 1, environment }),
      definition({ family: 'host', revision: 2, environment }),
    ],
    services: [{ name: 'hosts', taskDefinition: 'host:1', desiredCount }],
  });
}

const running = (bench: Bench): string[] =>
  bench.server
    .runningTasks()
    .filter(({ lastStatus }) => lastStatus === 'RUNNING')
    .map(({ taskArn }) => taskArn);

const runs = (bench: Bench, count: number) =>
  waitFor(`${count} running tasks`, () => (running(bench).length === count ? running(bench) : undefined), {
    everyMs: 5,
    timeoutMs: 60_000,
  });

const update = (bench: Bench, more: Partial<UpdateServiceCommandInput>) =>
  bench.client.send(new UpdateServiceCommand({ cluster: CLUSTER, service: 'hosts', ...more }));

async function view(bench: Bench) {
  const answer = await bench.client.send(
    new DescribeServicesCommand({ cluster: CLUSTER, services: ['hosts', 'none'] }),
  );
  return { service: answer.services?.[0], failures: answer.failures };
}

async function protect(bench: Bench, taskArn: string, body: object): Promise<unknown> {
  const agentUri = `${new URL((await bench.said(`agent ${taskArn}`)).split(' ')[2] ?? '')}`;
  const answer = await fetch(`${agentUri}/task-protection/v1/state`, {
    method: 'PUT',
    body: JSON.stringify(body),
  });
  return answer.json();
}

describe('a service', () => {
  it('keeps as many tasks as are desired', async () => {
    await using bench = await start(2);
    const [first = ''] = await runs(bench, 2);
    const event = bench.eventsOf(first).at(-1);
    expect(event?.detail).toMatchObject({
      group: 'service:hosts',
      startedBy: expect.stringMatching(/^ecs-svc\/\d+$/),
      overrides: { containerOverrides: [{ name: 'recorder' }] },
    });
    const listed = await bench.client.send(new ListTasksCommand({ cluster: CLUSTER, serviceName: 'hosts' }));
    expect(listed.taskArns).toHaveLength(2);
    bench.server.interrupt(first);
    await bench.stopped(first);
    expect(await runs(bench, 2)).not.toContain(first);
    const { service, failures } = await view(bench);
    expect(service).toMatchObject({ desiredCount: 2, runningCount: 2, pendingCount: 0, status: 'ACTIVE' });
    expect(failures).toEqual([{ arn: 'none', reason: 'MISSING' }]);
  });

  it('scales out and in, and leaves what is protected', async () => {
    await using bench = await start(1);
    const [first = ''] = await runs(bench, 1);
    await update(bench, { desiredCount: 3 });
    const [, second = '', third = ''] = await runs(bench, 3);
    expect(await protect(bench, third, { ProtectionEnabled: true, ExpiresInMinutes: 10 })).toMatchObject({
      protection: { ProtectionEnabled: true, TaskArn: third, ExpirationDate: expect.stringMatching(/Z$/) },
    });
    await protect(bench, first, { ProtectionEnabled: true });
    await update(bench, { desiredCount: 1 });
    const stopped = await bench.stopped(second);
    expect(stopped.detail.stopCode).toBe('ServiceSchedulerInitiated');
    await delay(600);
    expect(running(bench).sort()).toEqual([first, third].sort());
    await protect(bench, first, { ProtectionEnabled: false });
    await bench.stopped(first);
    expect(running(bench)).toEqual([third]);
  });

  it('deploys: the new ones first, and those that are protected until they are not', async () => {
    await using bench = await start(1);
    const [old = ''] = await runs(bench, 1);
    await protect(bench, old, { ProtectionEnabled: true });
    await update(bench, { taskDefinition: 'host:2' });
    await runs(bench, 2);
    await delay(600);
    expect(running(bench)).toContain(old);
    const { service } = await view(bench);
    expect(service?.deployments?.map(({ status, runningCount }) => [status, runningCount])).toEqual([
      ['PRIMARY', 1],
      ['ACTIVE', 1],
    ]);
    await protect(bench, old, { ProtectionEnabled: false });
    await bench.stopped(old);
    const [next = ''] = await runs(bench, 1);
    expect((await bench.describe(next)).taskDefinitionArn).toBe(bench.server.taskDefinitionArn('host'));
  });

  it('protects no task that runs alone, and takes no such time', async () => {
    await using bench = await start(1);
    const { taskArn } = await bench.run('wait');
    expect(await protect(bench, taskArn, { ProtectionEnabled: true })).toMatchObject({
      failure: { Arn: taskArn, Reason: 'TASK_NOT_VALID' },
    });
    const [one = ''] = running(bench);
    expect(await protect(bench, one, { ProtectionEnabled: true, ExpiresInMinutes: 2_881 })).toMatchObject({
      error: { Code: 'InvalidParameterException' },
    });
  });
});

describe('limits of ECS', () => {
  it('throttles RunTask', async () => {
    let nowMs = 1_000_000;
    await using bench = await Bench.start({ now: () => new Date(nowMs) });
    bench.server.simulation.runTaskRate = { burst: 1, perSecond: 20 };
    await bench.run('wait');
    const second = bench.client.send(new RunTaskCommand(bench.request('wait')));
    await expect(second).rejects.toMatchObject({ name: 'ThrottlingException' });
    nowMs += 50;
    await bench.run('wait');
  });

  it('shows the exit code before the task has stopped', async () => {
    // As the task is when its event is told.
    const shown: unknown[] = [];
    await using bench = await Bench.start({
      onTaskEvent: (event) => {
        bench.events.push(event);
        shown.push([event.detail.lastStatus, ...bench.server.runningTasks().map((task) => task.lastStatus)]);
      },
    });
    bench.server.simulation.deprovisionMs = 20;
    const { taskArn } = await bench.run('wait');
    await bench.said(`agent ${taskArn}`);
    bench.server.interrupt(taskArn);
    await bench.stopped(taskArn);
    const ended = bench.eventsOf(taskArn).find(({ detail }) => detail.lastStatus === 'DEPROVISIONING');
    expect(ended?.detail.containers[0]?.exitCode).toBeDefined();
    expect(shown.slice(-2)).toEqual([['DEPROVISIONING', 'DEPROVISIONING'], ['STOPPED']]);
  });
});
