import { type ECSClient, ListTasksCommand, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { RecorderError } from '../core/api/errors.ts';
import type { Launcher } from '../core/protocol/ports.ts';

export interface TaskLauncherOptions {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly containerName: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** Tried in this order; the next one only after an explicit failure, never after a time-out. */
  readonly capacityProviders: readonly string[];
  readonly landingBucket: string;
}

/** Launches recorder tasks. One task an attempt; `startedBy` is the recording id. */
export class TaskLauncher implements Launcher {
  readonly #ecs: ECSClient;
  readonly #options: TaskLauncherOptions;

  constructor(ecs: ECSClient, options: TaskLauncherOptions) {
    this.#ecs = ecs;
    this.#options = options;
  }

  /**
   * Runs the task of an attempt. The client token makes a repeated call give the same task, for 24 hours.
   * @throws RecorderError capacity_unavailable when every capacity provider said no
   */
  async run(recordingId: string, attempt: number): Promise<void> {
    const reasons: string[] = [];
    for (const capacityProvider of this.#options.capacityProviders) {
      const answer = await this.#ecs.send(
        new RunTaskCommand({
          cluster: this.#options.cluster,
          taskDefinition: this.#options.taskDefinition,
          clientToken: `${recordingId}-${attempt}-${capacityProvider}`.slice(0, 64),
          startedBy: recordingId,
          count: 1,
          capacityProviderStrategy: [{ capacityProvider, weight: 1 }],
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: [...this.#options.subnets],
              securityGroups: [...this.#options.securityGroups],
              // Public subnets without NAT: the task needs an address of its own to reach sources and ECR.
              assignPublicIp: 'ENABLED',
            },
          },
          overrides: {
            containerOverrides: [
              {
                name: this.#options.containerName,
                environment: [
                  { name: 'RECORDING_ID', value: recordingId },
                  { name: 'ATTEMPT', value: String(attempt) },
                  { name: 'LANDING_BUCKET', value: this.#options.landingBucket },
                ],
              },
            ],
          },
          propagateTags: 'TASK_DEFINITION',
        }),
      );
      if (answer.tasks?.[0] !== undefined) return;
      reasons.push(...(answer.failures ?? []).map((failure) => failure.reason ?? 'unknown'));
    }
    throw new RecorderError('capacity_unavailable', 'No capacity to start a recorder now. Try again.', {
      cause: new Error(`RunTask failures: ${reasons.join(', ')}`),
    });
  }
}

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
