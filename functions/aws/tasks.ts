import {
  ConflictException,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandOutput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { CapacityFallback, type RunTask } from '../core/protocol/launch.ts';
import type { Launcher } from '../core/protocol/ports.ts';
import type { RecordingObjects } from '../core/state/fold.ts';

export interface TaskOptions {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly containerName: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** Whether a task has a public address: in a public subnet nothing else leads out. */
  readonly assignPublicIp: 'ENABLED' | 'DISABLED';
  readonly landingBucket: string;
}

/** RunTask for one attempt of one recording. `startedBy` is the recording id. */
export function runTaskOf(ecs: ECSClient, options: TaskOptions): RunTask {
  return async ({ recordingId, attempt, capacityProvider, clientToken }) => {
    const command = new RunTaskCommand({
      cluster: options.cluster,
      taskDefinition: options.taskDefinition,
      clientToken,
      startedBy: recordingId,
      count: 1,
      capacityProviderStrategy: [{ capacityProvider, weight: 1 }],
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...options.subnets],
          securityGroups: [...options.securityGroups],
          assignPublicIp: options.assignPublicIp,
        },
      },
      overrides: {
        containerOverrides: [
          {
            name: options.containerName,
            environment: [
              { name: 'RECORDING_ID', value: recordingId },
              { name: 'ATTEMPT', value: String(attempt) },
              { name: 'LANDING_BUCKET', value: options.landingBucket },
            ],
          },
        ],
      },
      propagateTags: 'TASK_DEFINITION',
    });
    const answer = await unlessLaunched(ecs.send(command));
    if (answer === 'launched') return [];
    if (answer.tasks?.[0] !== undefined) return [];
    const reasons = (answer.failures ?? []).map((failure) => failure.reason ?? 'unknown');
    return reasons.length === 0 ? ['unknown'] : reasons;
  };
}

/**
 * A token binds the parameters that it came with first. A deployment between two launches of one attempt changes the task
 * definition: ECS then answers with a ConflictException, which says that the first one placed its task.
 */
async function unlessLaunched(
  sent: Promise<RunTaskCommandOutput>,
): Promise<RunTaskCommandOutput | 'launched'> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof ConflictException) return 'launched';
    throw error;
  }
}

/** Launches recorder tasks: one task an attempt. */
export function taskLauncher(
  ecs: ECSClient,
  options: TaskOptions & { readonly capacityProviders: readonly string[] },
): Launcher {
  return new CapacityFallback(runTaskOf(ecs, options), options.capacityProviders);
}

/** Whether a recorder may be at work: a task of its own, or the host that one of its attempts was claimed by. */
export async function hasTask(ecs: ECSClient, cluster: string, objects: RecordingObjects): Promise<boolean> {
  const { recordingId } = objects.job;
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, startedBy: recordingId }));
  if (taskArns.length > 0) return true;
  // Tasks of a service were not started by the recording.
  const hosts = [...objects.attempts.values()].flatMap(({ claim, end }) =>
    end === undefined && claim?.hostId !== undefined && claim.taskArn !== undefined ? [claim.taskArn] : [],
  );
  if (hosts.length === 0) return false;
  const { tasks = [] } = await ecs.send(
    new DescribeTasksCommand({ cluster, tasks: hosts.slice(-DESCRIBED_MAX) }),
  );
  return tasks.some(({ lastStatus }) => lastStatus !== 'STOPPED');
}

/** "Up to 100" in one DescribeTasks. */
const DESCRIBED_MAX = 100;

/** Asks every task of the recording to stop (SIGTERM). Answers before they have. None left counts as done. */
export async function stopTasks(
  ecs: ECSClient,
  cluster: string,
  recordingId: string,
  reason: string,
): Promise<void> {
  const tasks = await ecs.send(new ListTasksCommand({ cluster, startedBy: recordingId }));
  await Promise.all(
    (tasks.taskArns ?? []).map((task) => ecs.send(new StopTaskCommand({ cluster, task, reason }))),
  );
}
