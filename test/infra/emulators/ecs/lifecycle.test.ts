import path from 'node:path';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Child, waitFor } from '../../../support/children.ts';
import { Bench, CLUSTER, definition, waitUntilGone } from './support.ts';

const stop = (bench: Bench, task: string, reason?: string) =>
  bench.client.send(new StopTaskCommand({ cluster: CLUSTER, task, ...(reason && { reason }) }));

const STOP_TIMEOUT_MS = 60_000;

/** Times pass when the test says so; processes take what they take. */
const stopClock = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
afterEach(() => void vi.useRealTimers());

const grandchildOf = async (bench: Bench) => Number((await bench.said('grandchild')).split(' ')[1]);

describe('a task', () => {
  it('goes from PROVISIONING to STOPPED and shows its exit code', async () => {
    await using bench = await Bench.start();
    const task = await bench.run('exit', { startedBy: 'rec-1' }, { EXIT_CODE: '3' });
    expect(task).toMatchObject({
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      startedBy: 'rec-1',
      group: 'family:recorder',
      launchType: 'FARGATE',
      capacityProviderName: 'FARGATE',
      clusterArn: bench.server.clusterArn,
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/recorder:3',
    });
    expect(task.taskArn).toMatch(/^arn:aws:ecs:us-east-1:000000000000:task\/recorders\/[0-9a-f]{32}$/);
    await bench.stopped(task.taskArn);
    const described = await bench.describe(task.taskArn);
    expect(described).toMatchObject({
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ name: 'recorder', lastStatus: 'STOPPED', exitCode: 3 }],
    });
    expect(described.stoppedAt).toBeInstanceOf(Date);
    expect(bench.lines).toContain('to stderr');
    expect(bench.server.runningTasks()).toEqual([]);
  });

  it('gets one SIGTERM from StopTask, which answers before it has stopped', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('polite', {}, { EXIT_CODE: '0' });
    await bench.said('ready');
    expect(bench.server.runningTasks()).toMatchObject([{ taskArn, lastStatus: 'RUNNING' }]);
    const answer = await stop(bench, taskArn, 'The user asked');
    expect(answer.task).toMatchObject({ desiredStatus: 'STOPPED' });
    expect(answer.task?.lastStatus).not.toBe('STOPPED');
    await stop(bench, taskArn, 'Somebody else asked');
    const { detail } = await bench.stopped(taskArn);
    expect(detail).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'The user asked',
      containers: [{ exitCode: 0 }],
    });
    expect(bench.lines).toEqual(['ready', 'SIGTERM 1']);
  });

  it('that has stopped may be asked to stop again', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('exit');
    await bench.stopped(taskArn);
    const answer = await stop(bench, taskArn, 'too late');
    expect(answer.task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
  });

  it('that ignores SIGTERM is killed after its stop time-out, with its children', async () => {
    await using bench = await Bench.start({
      taskDefinitions: [definition({ stopTimeoutMs: STOP_TIMEOUT_MS })],
    });
    const { taskArn } = await bench.run('deaf');
    await bench.said('ready');
    const grandchild = await grandchildOf(bench);
    stopClock();
    await stop(bench, taskArn);
    await expect.poll(() => bench.lines).toContain('SIGTERM ignored');
    vi.advanceTimersByTime(STOP_TIMEOUT_MS);
    vi.useRealTimers();
    const { detail } = await bench.stopped(taskArn);
    expect(detail).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'Task stopped by user',
      containers: [{ exitCode: 137 }],
    });
    expect(bench.lines.filter((line) => line === 'SIGTERM ignored')).toHaveLength(1);
    await waitUntilGone(grandchild);
  });

  it('that ends leaves no child of its own behind', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('careless');
    expect((await bench.stopped(taskArn)).detail.containers).toMatchObject([{ exitCode: 7 }]);
    await waitUntilGone(await grandchildOf(bench));
  });

  it('that was ended by a signal has exit code 128 + its number', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run('plain');
    await bench.said('ready');
    await stop(bench, taskArn);
    expect((await bench.stopped(taskArn)).detail.containers).toMatchObject([{ exitCode: 143 }]);
  });

  it('stopped while it provisions never starts', async () => {
    await using bench = await Bench.start({ launchDelayMs: 60_000 });
    const { taskArn } = await bench.run('polite');
    expect(bench.server.runningTasks()).toMatchObject([{ lastStatus: 'PROVISIONING' }]);
    await stop(bench, taskArn, 'not wanted any more');
    const { detail } = await bench.stopped(taskArn);
    expect(detail).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'not wanted any more' });
    expect(detail.startedAt).toBeUndefined();
    expect(detail.containers[0]?.exitCode).toBeUndefined();
    expect(bench.lines).toEqual([]);
  });

  it('waits for the launch delay', async () => {
    await using bench = await Bench.start();
    bench.server.simulation.launchDelayMs = 150;
    const began = performance.now();
    const { taskArn } = await bench.run('exit');
    await bench.stopped(taskArn);
    expect(performance.now() - began).toBeGreaterThan(145);
    const statuses = bench.eventsOf(taskArn).map(({ detail }) => detail.lastStatus);
    expect(statuses).toEqual(['PROVISIONING', 'PENDING', 'RUNNING', 'DEPROVISIONING', 'STOPPED']);
  });

  it('whose command does not exist fails to start', async () => {
    await using bench = await Bench.start({
      taskDefinitions: [definition({ command: ['/no/such/program'] })],
    });
    const { taskArn } = await bench.run('exit');
    const { detail } = await bench.stopped(taskArn);
    expect(detail.stopCode).toBe('TaskFailedToStart');
    expect(detail.stoppedReason).toMatch(/^CannotStartContainerError: .*ENOENT/);
    expect(detail.containers[0]?.exitCode).toBeUndefined();
    expect(detail.containers[0]?.reason).toMatch(/^CannotStartContainerError/);
  });

  it('is interrupted as Spot does it', async () => {
    await using bench = await Bench.start();
    const { taskArn } = await bench.run(
      'polite',
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }] },
      { EXIT_CODE: '9' },
    );
    await bench.said('ready');
    bench.server.interrupt(taskArn);
    await stop(bench, taskArn, 'a later reason does not replace the first');
    const { detail } = await bench.stopped(taskArn);
    expect(detail).toMatchObject({
      capacityProviderName: 'FARGATE_SPOT',
      stopCode: 'SpotInterruption',
      stoppedReason: 'Your Spot Task was interrupted.',
      containers: [{ exitCode: 9 }],
    });
    expect(bench.lines).toEqual(['ready', 'SIGTERM 1']);
  });

  it('gets its own environment, the overrides and the metadata endpoint, and inherits nothing', async () => {
    process.env.NOT_FOR_TASKS = 'secret';
    await using bench = await Bench.start({
      taskDefinitions: [definition({ environment: { PLAIN: 'from the definition', CHANGED: 'before' } })],
    });
    const { taskArn } = await bench.run('describe', {}, { CHANGED: 'after' });
    await bench.stopped(taskArn);
    const { environment, metadata } = JSON.parse(bench.lines.join('\n'));
    expect(environment).toEqual({
      PLAIN: 'from the definition',
      CHANGED: 'after',
      MODE: 'describe',
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      ECS_AGENT_URI: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/[0-9a-f]{32}$/),
      ECS_CONTAINER_METADATA_URI_V4: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v4\/[0-9a-f]{32}$/),
    });
    expect(metadata).toMatchObject({
      TaskARN: taskArn,
      Cluster: bench.server.clusterArn,
      Family: 'recorder',
      Revision: '3',
      DesiredStatus: 'RUNNING',
      KnownStatus: 'RUNNING',
    });
  });
});

describe('closing', () => {
  it('stops tasks in every state, kills what outlives the grace, and leaves nothing', async () => {
    const bench = await Bench.start({ taskDefinitions: [definition({ stopTimeoutMs: STOP_TIMEOUT_MS })] });
    const polite = await bench.run('polite');
    const deaf = await bench.run('deaf');
    const grandchild = await grandchildOf(bench);
    await waitFor('both', () =>
      bench.lines.filter((line) => line === 'ready').length === 2 ? true : undefined,
    );
    bench.server.simulation.launchDelayMs = 60_000;
    const waiting = await bench.run('polite');
    stopClock();
    const closed = bench.server.close({ graceMs: 300 });
    // The polite one ends by itself.
    await expect.poll(() => bench.eventsOf(polite.taskArn).at(-1)?.detail.lastStatus).toBe('STOPPED');
    vi.advanceTimersByTime(300);
    vi.useRealTimers();
    await closed;
    expect(bench.server.runningTasks()).toEqual([]);
    const stopped = bench.events.filter(({ detail }) => detail.lastStatus === 'STOPPED');
    const exitCodes = new Map(stopped.map(({ detail }) => [detail.taskArn, detail.containers[0]?.exitCode]));
    expect(exitCodes).toEqual(
      new Map([
        [polite.taskArn, 0],
        [deaf.taskArn, 137],
        [waiting.taskArn, undefined],
      ]),
    );
    expect(stopped.every(({ detail }) => detail.stopCode === 'TerminationNotice')).toBe(true);
    await waitUntilGone(grandchild);
    await expect(bench.run('exit')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('shortens the grace of a task that was asked to stop before', async () => {
    const bench = await Bench.start({ taskDefinitions: [definition({ stopTimeoutMs: 60_000 })] });
    const { taskArn } = await bench.run('deaf');
    await bench.said('ready');
    await stop(bench, taskArn);
    await bench.said('SIGTERM ignored');
    await bench.server.close({ graceMs: 50 });
    expect((await bench.stopped(taskArn)).detail).toMatchObject({ stopCode: 'UserInitiated' });
    expect(bench.lines.filter((line) => line === 'SIGTERM ignored')).toHaveLength(1);
  });
});

describe('the death of the runtime', () => {
  it('takes its tasks along: SIGTERM, then SIGKILL to them and their children', async () => {
    const runtime = new Child(process.execPath, [path.join(import.meta.dirname, 'fixtures', 'runtime.ts')]);
    const grandchild = await waitFor('a task', () => /grandchild (\d+)/.exec(runtime.output)?.[1]);
    const task = await waitFor('its process', () => /process (\d+)/.exec(runtime.output)?.[1]);
    await runtime.stop('SIGKILL');
    await waitUntilGone(Number(task));
    await waitUntilGone(Number(grandchild));
  });
});
