import path from 'node:path';
import {
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  type EcsServer,
  type EcsServerOptions,
  type EcsTaskStateChangeEvent,
  startEcsServer,
  type TaskDefinition,
} from '../../../../infra/emulators/ecs/server.ts';
import { waitFor } from '../../../support/children.ts';

export const CLUSTER = 'recorders';

const NETWORK = { awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } };

export function definition(overrides: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    family: 'recorder',
    revision: 3,
    containerName: 'recorder',
    command: [process.execPath, path.join(import.meta.dirname, 'fixtures', 'task.ts')],
    environment: { PATH: process.env.PATH ?? '' },
    stopTimeoutMs: 5_000,
    ...overrides,
  };
}

/** The endpoint, the SDK's client of it, and everything that it told. */
export class Bench {
  readonly server: EcsServer;
  readonly client: ECSClient;
  readonly events: EcsTaskStateChangeEvent[];
  readonly lines: string[];

  static async start(options: Partial<EcsServerOptions> = {}): Promise<Bench> {
    const events: EcsTaskStateChangeEvent[] = [];
    const lines: string[] = [];
    const server = await startEcsServer({
      clusterName: CLUSTER,
      taskDefinitions: [definition()],
      onTaskEvent: (event) => {
        events.push(event);
      },
      onTaskOutput: (_taskId, _stream, line) => {
        lines.push(line);
      },
      ...options,
    });
    return new Bench(server, events, lines);
  }

  private constructor(server: EcsServer, events: EcsTaskStateChangeEvent[], lines: string[]) {
    this.server = server;
    this.events = events;
    this.lines = lines;
    this.client = this.newClient(1);
  }

  newClient(maxAttempts: number): ECSClient {
    return new ECSClient({
      endpoint: this.server.url,
      region: 'us-east-1',
      maxAttempts,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close({ graceMs: 0 });
    this.client.destroy();
  }

  /** @param mode what test/infra/emulators/ecs/fixtures/task.ts does */
  request(
    mode: string,
    more: Partial<RunTaskCommandInput> = {},
    environment: Readonly<Record<string, string>> = {},
  ): RunTaskCommandInput {
    return {
      cluster: CLUSTER,
      taskDefinition: 'recorder',
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
      networkConfiguration: NETWORK,
      overrides: {
        containerOverrides: [
          {
            name: 'recorder',
            environment: Object.entries({ MODE: mode, ...environment }).map(([name, value]) => ({
              name,
              value,
            })),
          },
        ],
      },
      ...more,
    };
  }

  async run(
    mode: string,
    more: Partial<RunTaskCommandInput> = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Task & { readonly taskArn: string }> {
    const answer = await this.client.send(new RunTaskCommand(this.request(mode, more, environment)));
    const task = answer.tasks?.[0];
    if (task?.taskArn === undefined) throw new Error(`no task: ${JSON.stringify(answer.failures)}`);
    return { ...task, taskArn: task.taskArn };
  }

  async describe(task: string): Promise<Task> {
    const answer = await this.client.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [task] }));
    const described = answer.tasks?.[0];
    if (described === undefined) throw new Error(JSON.stringify(answer.failures));
    return described;
  }

  eventsOf(taskArn: string): EcsTaskStateChangeEvent[] {
    return this.events.filter((event) => event.detail.taskArn === taskArn);
  }

  stopped(taskArn: string): Promise<EcsTaskStateChangeEvent> {
    return waitFor(
      'the STOPPED event',
      () => this.eventsOf(taskArn).find((event) => event.detail.lastStatus === 'STOPPED'),
      { everyMs: 5 },
    );
  }

  said(start: string): Promise<string> {
    return waitFor(
      `"${start}" on the task's output`,
      () => this.lines.find((line) => line.startsWith(start)),
      {
        everyMs: 5,
      },
    );
  }
}

/** A process that is no more, or is a zombie that its parent has not collected yet. */
export async function waitUntilGone(pid: number): Promise<void> {
  await waitFor(
    `the end of process ${pid}`,
    () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    },
    { timeoutMs: 60_000, everyMs: 20 },
  );
}
