import { describe, expect, it } from 'vitest';
import { stoppedHost, stoppedTask } from '../../../../functions/core/events/taskStateChange.ts';

const ID = '01K00000000000000000000001';
const arn = (id: string) => `arn:aws:ecs:us-east-1:000000000000:task/recorders/${id}`;
const dedicated = {
  taskArn: arn('abc'),
  group: 'family:stream-recorder',
  stoppedReason: 'Essential container in task exited',
  overrides: {
    containerOverrides: [
      {
        environment: [
          { name: 'RECORDING_ID', value: ID },
          { name: 'ATTEMPT', value: '2' },
        ],
      },
    ],
  },
};
const host = {
  taskArn: arn('def'),
  group: 'service:hosts',
  overrides: { containerOverrides: [{}] },
};
const event = (task: object, lastStatus: string, exitCode?: number) => ({
  detail: { ...task, lastStatus, containers: [exitCode === undefined ? {} : { exitCode }] },
});

describe('a state change of a task', () => {
  it('tells that the task of an attempt is gone, as soon as its container has an exit code', () => {
    expect(stoppedTask(event(dedicated, 'RUNNING'))).toBeUndefined();
    expect(stoppedTask(event(dedicated, 'DEPROVISIONING', 137))).toMatchObject({
      recordingId: ID,
      attempt: 2,
      reason: 'Essential container in task exited, exit code 137',
    });
    expect(stoppedTask(event(dedicated, 'STOPPED'))).toMatchObject({ recordingId: ID, attempt: 2 });
    expect(stoppedHost(event(dedicated, 'STOPPED'))).toBeUndefined();
  });

  it('tells that a host is gone, which names no recording', () => {
    expect(stoppedHost(event(host, 'DEPROVISIONING'))).toBeUndefined();
    expect(stoppedHost(event(host, 'DEPROVISIONING', 1))).toMatchObject({
      hostId: 'def',
      taskArn: arn('def'),
    });
    expect(stoppedHost(event(host, 'STOPPED'))).toMatchObject({ hostId: 'def', reason: 'no reason given' });
    expect(stoppedTask(event(host, 'STOPPED', 0))).toBeUndefined();
  });

  it('of another kind tells nothing', () => {
    for (const other of [undefined, {}, { detail: {} }, 'STOPPED']) {
      expect(stoppedTask(other)).toBeUndefined();
      expect(stoppedHost(other)).toBeUndefined();
    }
  });
});
