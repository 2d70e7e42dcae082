import {
  DescribeTasksCommand,
  ListClustersCommand,
  ListTasksCommand,
  type ListTasksCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { Bench, CLUSTER, definition } from './support.ts';

const HOUR_MS = 3_600_000;

/** A clock that the test moves. */
function movable(): { now: () => Date; pass: (durationMs: number) => void } {
  let timeMs = Date.UTC(2026, 0, 1);
  return {
    now: () => new Date(timeMs),
    pass: (durationMs) => {
      timeMs += durationMs;
    },
  };
}

const list = async (bench: Bench, input: Partial<ListTasksCommandInput> = {}): Promise<string[]> =>
  (await bench.client.send(new ListTasksCommand({ cluster: CLUSTER, ...input }))).taskArns ?? [];

describe('a client token', () => {
  it('makes the same request give the same task', async () => {
    await using bench = await Bench.start();
    const first = await bench.run('polite', { clientToken: 'token-1' });
    const again = await bench.run('polite', { clientToken: 'token-1' });
    const other = await bench.run('polite', { clientToken: 'token-2' });
    expect(again.taskArn).toBe(first.taskArn);
    expect(other.taskArn).not.toBe(first.taskArn);
    expect(await list(bench)).toHaveLength(2);
  });

  it('is refused with other parameters, and names the tasks', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('polite', { clientToken: 'token-1' });
    await expect(bench.run('exit', { clientToken: 'token-1' })).rejects.toMatchObject({
      name: 'ConflictException',
      resourceIds: [taskArn],
    });
  });

  it('lives for a day, or until an hour after its task has stopped', async () => {
    const time = movable();
    await using bench = await Bench.start({ now: time.now });
    const lasting = await bench.run('polite', { clientToken: 'lasting' });
    const short = await bench.run('exit', { clientToken: 'short' });
    await bench.stopped(short.taskArn);
    time.pass(HOUR_MS - 1);
    expect((await bench.run('exit', { clientToken: 'short' })).taskArn).toBe(short.taskArn);
    time.pass(1);
    expect((await bench.run('exit', { clientToken: 'short' })).taskArn).not.toBe(short.taskArn);
    expect((await bench.run('polite', { clientToken: 'lasting' })).taskArn).toBe(lasting.taskArn);
    time.pass(23 * HOUR_MS);
    expect((await bench.run('polite', { clientToken: 'lasting' })).taskArn).not.toBe(lasting.taskArn);
  });

  it('of a request that placed nothing may be tried again', async () => {
    await using bench = await Bench.start();
    bench.server.simulation.capacity.FARGATE.freeTasks = 0;
    await expect(bench.run('exit', { clientToken: 'token-1' })).rejects.toThrow(/RESOURCE:FARGATE/);
    bench.server.simulation.capacity.FARGATE.freeTasks = 1;
    await bench.run('exit', { clientToken: 'token-1' });
  });
});

describe('capacity', () => {
  it('that is short places what it can and says why not the rest', async () => {
    await using bench = await Bench.start();
    const { capacity } = bench.server.simulation;
    capacity.FARGATE_SPOT.freeTasks = 2;
    capacity.FARGATE_SPOT.reason = 'Capacity is unavailable at this time';
    const answer = await bench.client.send(
      new RunTaskCommand(
        bench.request('exit', { count: 3, capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }] }),
      ),
    );
    expect(answer.tasks).toHaveLength(2);
    expect(answer.failures).toEqual([{ reason: 'Capacity is unavailable at this time' }]);
    expect(capacity.FARGATE_SPOT.freeTasks).toBe(0);
    await bench.run('exit');
  });
});

describe('a request that ECS would refuse', () => {
  const containerOverrides = (name: string, value: string) => ({
    overrides: { containerOverrides: [{ name, environment: [{ name: 'A', value }] }] },
  });

  it.each<[string, Partial<RunTaskCommandInput>, string, RegExp]>([
    ['of another cluster', { cluster: 'other' }, 'ClusterNotFoundException', /not found/],
    ['of an unknown task definition', { taskDefinition: 'other' }, 'ClientException', /TaskDefinition/],
    ['of an unknown revision', { taskDefinition: 'recorder:9' }, 'ClientException', /TaskDefinition/],
    ['without a network', { networkConfiguration: undefined }, 'InvalidParameterException', /Network/],
    [
      'for another container',
      containerOverrides('other', 'x'),
      'InvalidParameterException',
      /container named other/,
    ],
    [
      'with long overrides',
      containerOverrides('recorder', 'x'.repeat(8_192)),
      'InvalidParameterException',
      /8192 characters/,
    ],
    ['with a long token', { clientToken: 'x'.repeat(65) }, 'InvalidParameterException', /64 characters/],
    ['with a bad startedBy', { startedBy: 'a b' }, 'InvalidParameterException', /startedBy/],
    ['for too many tasks', { count: 11 }, 'InvalidParameterException', /between 1 and 10/],
    [
      'with an unknown provider',
      { capacityProviderStrategy: [{ capacityProvider: 'OTHER' }] },
      'InvalidParameterException',
      /OTHER was not found/,
    ],
    [
      'with launch type and strategy',
      { launchType: 'FARGATE' },
      'InvalidParameterException',
      /Specifying both/,
    ],
    [
      'with what is not offered here',
      { placementStrategy: [{ type: 'random' }] },
      'InvalidParameterException',
      /not offered/,
    ],
  ])('%s fails, and no task is placed', async (_name, input, error, message) => {
    await using bench = await Bench.start();
    await expect(bench.client.send(new RunTaskCommand(bench.request('exit', input)))).rejects.toMatchObject({
      name: error,
      message: expect.stringMatching(message),
    });
    expect(bench.events).toEqual([]);
  });

  it('stops no unknown task', async () => {
    await using bench = await Bench.start();
    await expect(
      bench.client.send(new StopTaskCommand({ cluster: CLUSTER, task: 'f'.repeat(32) })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('knows no other operation', async () => {
    await using bench = await Bench.start();
    await expect(bench.client.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    });
  });
});

describe('task definitions', () => {
  it('by family mean the highest revision', async () => {
    await using bench = await Bench.start({
      taskDefinitions: [2, 10, 9].map((revision) => definition({ revision })),
    });
    const arn = (revision: number) =>
      `arn:aws:ecs:us-east-1:000000000000:task-definition/recorder:${revision}`;
    expect((await bench.run('exit')).taskDefinitionArn).toBe(arn(10));
    expect((await bench.run('exit', { taskDefinition: 'recorder:2' })).taskDefinitionArn).toBe(arn(2));
    expect((await bench.run('exit', { taskDefinition: arn(9) })).taskDefinitionArn).toBe(arn(9));
    expect(bench.server.taskDefinitionArn('recorder')).toBe(arn(10));
    expect(() => bench.server.taskDefinitionArn('other')).toThrow(/TaskDefinition not found/);
  });
});

describe('looking', () => {
  it('finds tasks by id and ARN, and says which are missing', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('polite');
    const id = taskArn.split('/').at(-1) ?? '';
    const answer = await bench.client.send(
      new DescribeTasksCommand({ cluster: CLUSTER, tasks: [id, taskArn, 'unknown'] }),
    );
    expect(answer.tasks?.map((task) => task.taskArn)).toEqual([taskArn, taskArn]);
    expect(answer.failures).toEqual([
      { arn: `arn:aws:ecs:us-east-1:000000000000:task/${CLUSTER}/unknown`, reason: 'MISSING' },
    ]);
  });

  it('lists by who started them, of those that are to run', async () => {
    await using bench = await Bench.start();
    const mine = await bench.run('polite', { startedBy: 'rec-1' });
    const other = await bench.run('polite', { startedBy: 'rec-2' });
    const gone = await bench.run('exit', { startedBy: 'rec-1' });
    await bench.stopped(gone.taskArn);
    expect(await list(bench, { startedBy: 'rec-1' })).toEqual([mine.taskArn]);
    expect(await list(bench, { desiredStatus: 'STOPPED' })).toEqual([gone.taskArn]);
    expect((await list(bench, { family: 'recorder' })).sort()).toEqual([mine.taskArn, other.taskArn].sort());
    expect(await list(bench, { family: 'other' })).toEqual([]);
    await expect(list(bench, { startedBy: 'rec-1', family: 'recorder' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  it('lists in pages that go on although tasks come and go', async () => {
    await using bench = await Bench.start({ launchDelayMs: 60_000 });
    const arns = [];
    for (let i = 0; i < 5; i++) arns.push((await bench.run('polite')).taskArn);
    arns.sort();
    const page = (nextToken?: string) =>
      bench.client.send(new ListTasksCommand({ cluster: CLUSTER, maxResults: 2, nextToken }));
    const first = await page();
    expect(first.taskArns).toEqual(arns.slice(0, 2));
    await bench.client.send(new StopTaskCommand({ cluster: CLUSTER, task: arns[1] }));
    const second = await page(first.nextToken);
    expect(second.taskArns).toEqual(arns.slice(2, 4));
    const third = await page(second.nextToken);
    expect(third.taskArns).toEqual(arns.slice(4));
    expect(third.nextToken).toBeUndefined();
    await expect(page('nonsense')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('forgets a task an hour after it has stopped', async () => {
    const time = movable();
    await using bench = await Bench.start({ now: time.now });
    const { taskArn } = await bench.run('exit');
    await bench.stopped(taskArn);
    time.pass(HOUR_MS - 1);
    expect((await bench.describe(taskArn)).lastStatus).toBe('STOPPED');
    time.pass(1);
    await expect(bench.describe(taskArn)).rejects.toThrow(/MISSING/);
  });
});

it('says which port is taken, and nothing of it stays open', async () => {
  await using bench = await Bench.start();
  await expect(Bench.start({ port: Number(new URL(bench.server.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
