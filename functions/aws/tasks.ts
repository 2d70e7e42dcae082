import {
  ConflictException,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandOutput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { CapacityFallback, type RunTask, type TaskRequest } from '../core/protocol/launch.ts';
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
}

/** What a task's container is told besides what its definition says. */
type Overrides = (request: TaskRequest) => Readonly<Record<string, string>>;

/** RunTask for one attempt of one recording, or of what becomes one. `startedBy` is the recording id. */
function runTaskOf(ecs: ECSClient, options: TaskOptions, overrides: Overrides): RunTask {
  return async (request) => {
    const { recordingId, capacityProvider, clientToken } = request;
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
            environment: Object.entries(overrides(request)).map(([name, value]) => ({ name, value })),
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

type LaunchOptions = TaskOptions & { readonly capacityProviders: readonly string[] };

/** Launches recorder tasks: one task an attempt. */
export function taskLauncher(
  ecs: ECSClient,
  { landingBucket, ...options }: LaunchOptions & { readonly landingBucket: string },
): Launcher {
  const overrides: Overrides = ({ recordingId, attempt }) => ({
    RECORDING_ID: recordingId,
    ATTEMPT: String(attempt),
    LANDING_BUCKET: landingBucket,
  });
  return new CapacityFallback(runTaskOf(ecs, options, overrides), options.capacityProviders);
}

/** Launches tasks that compose merges: one task a try. */
export function mergeLauncher(ecs: ECSClient, options: LaunchOptions): Launcher {
  const overrides: Overrides = ({ recordingId }) => ({ MERGE_ID: recordingId });
  return new CapacityFallback(runTaskOf(ecs, options, overrides), options.capacityProviders);
}

/** Tasks that were started for a recording or a merge, and are not told to stop. ECS takes no other filter beside this one. */
async function tasksOf(ecs: ECSClient, cluster: string, startedBy: string): Promise<readonly string[]> {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, startedBy }));
  return taskArns;
}

/** Whether a task composes the merge, is about to, or has not come to its end. */
export async function isComposed(
  ecs: ECSClient,
  { cluster, taskDefinition }: Pick<TaskOptions, 'cluster' | 'taskDefinition'>,
  mergeId: string,
): Promise<boolean> {
  if ((await tasksOf(ecs, cluster, mergeId)).length > 0) return true;
  const family = taskDefinition.split('/').at(-1)?.split(':')[0];
  // Those that are told to stop, and those that have.
  const { taskArns: tasks = [] } = await ecs.send(
    new ListTasksCommand({ cluster, family, desiredStatus: 'STOPPED' }),
  );
  if (tasks.length === 0) return false;
  const ending = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
  return (ending.tasks ?? []).some((one) => one.startedBy === mergeId && one.lastStatus !== 'STOPPED');
}

/** Whether a recorder may be at work: a task of its own, or the host that one of its attempts was claimed by. */
export async function hasTask(ecs: ECSClient, cluster: string, objects: RecordingObjects): Promise<boolean> {
  const { recordingId } = objects.job;
  if ((await tasksOf(ecs, cluster, recordingId)).length > 0) return true;
  // Tasks of a service were not started by the recording.
  const hosts = [...objects.attempts.values()].flatMap(({ claim, end }) =>
    end === undefined && claim?.hostId !== undefined && claim.taskArn !== undefined ? [claim.taskArn] : [],
  );
  return hosts.length > 0 && isAnyAlive(ecs, cluster, hosts);
}

async function isAnyAlive(ecs: ECSClient, cluster: string, arns: readonly string[]): Promise<boolean> {
  const { tasks = [] } = await ecs.send(
    new DescribeTasksCommand({ cluster, tasks: arns.slice(-DESCRIBED_MAX) }),
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
  const tasks = await tasksOf(ecs, cluster, recordingId);
  await Promise.all(tasks.map((task) => ecs.send(new StopTaskCommand({ cluster, task, reason }))));
}
