import { ListTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { FaultAction } from '../../../../infra/emulators/shared/faults.ts';
import { waitFor } from '../../../support/children.ts';
import { Bench, CLUSTER } from './support.ts';

describe('events', () => {
  const statuses = (bench: Bench, taskArn: string) =>
    bench.eventsOf(taskArn).map(({ detail }) => detail.lastStatus);

  it('come in order, each with the next version', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('exit', { startedBy: 'rec-1' });
    const last = await bench.stopped(taskArn);
    expect(bench.eventsOf(taskArn).map(({ detail }) => detail.version)).toEqual([1, 2, 3, 4, 5]);
    expect(last).toMatchObject({
      version: '0',
      'detail-type': 'ECS Task State Change',
      source: 'aws.ecs',
      account: '000000000000',
      region: 'us-east-1',
      resources: [taskArn],
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      detail: {
        taskArn,
        startedBy: 'rec-1',
        overrides: { containerOverrides: [{ name: 'recorder' }] },
        stoppedAt: expect.stringMatching(/Z$/),
      },
    });
    expect(new Set(bench.events.map(({ id }) => id)).size).toBe(5);
  });

  it('are lost, doubled and delayed as the simulation says', async () => {
    await using bench = await Bench.start();
    bench.server.simulation.deliveries = ({ detail }) =>
      detail.lastStatus === 'PENDING' ? [] : detail.lastStatus === 'RUNNING' ? [60] : [0, 0];
    const { taskArn } = await bench.run('exit');
    await bench.stopped(taskArn);
    await waitFor('the late one', () => statuses(bench, taskArn).includes('RUNNING') || undefined);
    expect(statuses(bench, taskArn).filter((status) => status !== 'RUNNING')).toEqual([
      'PROVISIONING',
      'PROVISIONING',
      'DEPROVISIONING',
      'DEPROVISIONING',
      'STOPPED',
      'STOPPED',
    ]);
    const [one, copy] = bench.eventsOf(taskArn).filter(({ detail }) => detail.lastStatus === 'STOPPED');
    expect(copy).toEqual(one);
  });

  it('whose handler throws are told as defects, and the others still come', async () => {
    const defects: unknown[] = [];
    await using bench = await Bench.start({
      onDefect: (error) => defects.push(error),
      onTaskEvent: (event) => {
        bench.events.push(event);
        if (event.detail.lastStatus === 'PENDING') throw new Error('a bad handler');
      },
    });
    const { taskArn } = await bench.run('exit');
    await bench.stopped(taskArn);
    expect(defects).toEqual([new Error('a bad handler')]);
  });
});

describe('a fault', () => {
  function tryRun(bench: Bench, action: FaultAction): Promise<unknown> {
    bench.server.faults.add({ service: 'ecs', operation: 'RunTask', match: '^rec-1$', action });
    return bench.newClient(1).send(new RunTaskCommand(bench.request('exit', { startedBy: 'rec-1' })));
  }

  it('refuses a call, which places nothing', async () => {
    await using bench = await Bench.start();
    await expect(tryRun(bench, { kind: 'fail', status: 500, code: 'ServerException' })).rejects.toMatchObject(
      { name: 'ServerException', $metadata: { httpStatusCode: 500 } },
    );
    await expect(tryRun(bench, { kind: 'throttle' })).rejects.toMatchObject({ name: 'ThrottlingException' });
    await expect(tryRun(bench, { kind: 'resetMidBody', afterBytes: 1 })).rejects.toThrow();
    expect(bench.events).toEqual([]);
  });

  it('loses the answer of a call that was carried out; the token finds the task again', async () => {
    await using bench = await Bench.start();
    bench.server.faults.add({ service: 'ecs', operation: 'RunTask', action: { kind: 'dropAnswer' } });
    // The SDK tries again by itself.
    const answer = await bench
      .newClient(2)
      .send(new RunTaskCommand(bench.request('polite', { clientToken: 'token-1' })));
    const taskArn = answer.tasks?.[0]?.taskArn;
    expect(taskArn).toBeDefined();
    expect(bench.server.runningTasks().map((task) => task.taskArn)).toEqual([taskArn]);
  });

  it('cuts an answer that is read', async () => {
    await using bench = await Bench.start();
    bench.server.faults.add({ service: 'ecs', action: { kind: 'resetMidBody', afterBytes: 3 } });
    const client = bench.newClient(1);
    await expect(client.send(new ListTasksCommand({ cluster: CLUSTER }))).rejects.toThrow();
    expect((await client.send(new ListTasksCommand({ cluster: CLUSTER }))).taskArns).toEqual([]);
  });

  it('lets the endpoint vanish for a time', async () => {
    await using bench = await Bench.start();
    bench.server.faults.add({ service: 'ecs', action: { kind: 'vanish', durationMs: 300 } });
    const client = bench.newClient(1);
    const ask = () => client.send(new ListTasksCommand({ cluster: CLUSTER }));
    const began = performance.now();
    await expect(ask()).rejects.toThrow();
    await waitFor(
      'it to be back',
      () =>
        ask().then(
          () => true,
          () => undefined,
        ),
      { everyMs: 20 },
    );
    expect(performance.now() - began).toBeGreaterThan(295);
  });
});
