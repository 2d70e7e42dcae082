import type { Access, Denial } from '../shared/access.ts';
import { operation, serveAwsJson } from '../shared/awsJson.ts';
import { Faults } from '../shared/faults.ts';
import { closeServer, listenOnLoopback } from '../shared/loopback.ts';
import { type Capacity, Cluster } from './cluster.ts';
import { EventDelivery } from './eventDelivery.ts';
import {
  describeServicesRequest,
  describeTasksRequest,
  listTasksRequest,
  runTaskRequest,
  stopTaskRequest,
  updateServiceRequest,
} from './requests.ts';
import { EcsRights } from './rights.ts';
import type { ServiceSpec } from './service.ts';
import type { Task, TaskDefinition } from './task.ts';
import {
  type EcsTaskStateChangeEvent,
  type TaskStatus,
  type TaskView,
  taskStateChange,
} from './taskEvents.ts';
import { stoppedView, type TaskJournal } from './taskJournal.ts';
import type { OutputStream } from './taskProcess.ts';
import { createTaskServer } from './taskServer.ts';
import type { Rate } from './tokenBucket.ts';

export type { Capacity } from './cluster.ts';
export type { TaskDefinition } from './task.ts';
export type { EcsTaskStateChangeEvent } from './taskEvents.ts';

export interface EcsServerOptions {
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  readonly region?: string;
  readonly accountId?: string;
  readonly clusterName: string;
  readonly taskDefinitions: readonly TaskDefinition[];
  /** None by default. */
  readonly services?: readonly ServiceSpec[];
  readonly launchDelayMs?: number;
  /** Where tasks outlive the endpoint; without it, those of before are forgotten. */
  readonly journal?: TaskJournal;
  readonly faults?: Faults;
  /** Who there is, and what each may do; without it everybody may do everything. */
  readonly access?: Access | undefined;
  /** What EventBridge would hand to a rule's target. Called in order, after the answer of the call that caused it. */
  readonly onTaskEvent?: (event: EcsTaskStateChangeEvent) => void | Promise<void>;
  readonly onTaskOutput?: (taskId: string, stream: OutputStream, line: string) => void;
  readonly now?: () => Date;
  /** Told of defects: what a callback or the endpoint itself threw. The standard error by default. */
  readonly onDefect?: (error: unknown) => void;
}

/** What tests and `npm start` may change while the endpoint runs. */
export interface EcsSimulation {
  /** How long a task provisions; tens of seconds on Fargate. */
  launchDelayMs: number;
  /** From the container's end to STOPPED; its exit code shows before. Seconds to a minute on Fargate. */
  deprovisionMs: number;
  /** Of RunTask calls: 20 a second, and no more at once (AWS Fargate throttling quotas). */
  runTaskRate: Rate;
  /** Set `freeTasks` to make RunTask answer with `failures[]` for a capacity provider. */
  readonly capacity: Capacity;
  /**
   * When each event is delivered, in ms from now, once for each element: `[0]` by default; `[0, 50]` duplicates it,
   * `[200]` delays it (others overtake), `[]` loses it.
   */
  deliveries: (event: EcsTaskStateChangeEvent) => readonly number[];
}

export interface RunningTask {
  readonly taskArn: string;
  readonly startedBy: string | undefined;
  readonly group: string | undefined;
  readonly lastStatus: TaskStatus;
}

export interface EcsServer {
  readonly url: string;
  readonly clusterArn: string;
  readonly faults: Faults;
  readonly simulation: EcsSimulation;
  /** @throws Error when there is no such family */
  taskDefinitionArn(family: string): string;
  /** Tasks that have not stopped. */
  runningTasks(): readonly RunningTask[];
  /** Tells that the tasks which a killed endpoint left have stopped; once somebody listens. */
  tellLostTasks(): void;
  /** Takes the task's capacity back as Fargate Spot does: stop code SpotInterruption, SIGTERM. */
  interrupt(taskArn: string): void;
  /**
   * Answers no more calls, stops every task (SIGTERM, SIGKILL after the grace or the task's own stop time-out, if that
   * is shorter) and settles when all are gone and told; delayed events that are still out are lost.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** "The rate quota for calling the Amazon ECS RunTask API is 20 calls per second (burst and sustained)." */
const RUN_TASK_PER_SECOND = 20;

/**
 * The embedded ECS endpoint: one cluster whose Fargate tasks are child processes (./taskProcess.ts). It offers RunTask,
 * StopTask, DescribeTasks, ListTasks, UpdateService and DescribeServices over JSON 1.1, task state-change events, and
 * what a task reaches without an AWS call: the metadata endpoint, and the agent's for scale-in protection.
 * State is in memory: after a restart, the tasks of before are gone, as with a lost host; the journal remembers which they
 * were, so that their end can be told.
 *
 * A fault rule's `match` is tried on RunTask's and ListTasks' `startedBy`, and on the ids or names that the others name.
 * @throws the listen error, such as EADDRINUSE
 */
export async function startEcsServer(options: EcsServerOptions): Promise<EcsServer> {
  const { region = 'us-east-1', accountId = '000000000000', clusterName, now = () => new Date() } = options;
  const onDefect = options.onDefect ?? ((error) => console.error('ECS endpoint:', error));
  const faults = options.faults ?? new Faults();
  const simulation: EcsSimulation = {
    launchDelayMs: options.launchDelayMs ?? 0,
    deprovisionMs: 0,
    runTaskRate: { burst: RUN_TASK_PER_SECOND, perSecond: RUN_TASK_PER_SECOND },
    capacity: {
      FARGATE: { freeTasks: Number.POSITIVE_INFINITY, reason: 'RESOURCE:FARGATE' },
      FARGATE_SPOT: { freeTasks: Number.POSITIVE_INFINITY, reason: 'RESOURCE:FARGATE_SPOT' },
    },
    deliveries: () => [0],
  };
  const arnPrefix = `arn:aws:ecs:${region}:${accountId}`;
  const clusterArn = `${arnPrefix}:cluster/${clusterName}`;
  const delivery = new EventDelivery<EcsTaskStateChangeEvent>(
    (event) => options.onTaskEvent?.(event),
    onDefect,
  );

  function tellOf(shown: TaskView<string>): void {
    const event = taskStateChange(shown, now(), { accountId, region });
    delivery.send(event, simulation.deliveries(event));
  }

  function tell(task: Task): void {
    const shown = task.view((date) => date.toISOString());
    options.journal?.changed(shown, task.pid);
    tellOf(shown);
    // The first tasks of services are made while the cluster is.
    setImmediate(() => cluster.taskChanged(task));
  }

  function tellOutput(taskId: string, stream: OutputStream, line: string): void {
    try {
      options.onTaskOutput?.(taskId, stream, line);
    } catch (error) {
      onDefect(error);
    }
  }

  /** Of its own role: whose credentials its definition gives it. */
  function deniedTo(task: Task, needed: ReturnType<EcsRights['protection']>): Denial | undefined {
    const { AWS_ACCESS_KEY_ID: key = '' } = task.spec.definition.environment;
    return options.access?.denied(key, needed);
  }

  const taskServer = createTaskServer({
    find: (id) => cluster.find(id),
    isOfService: (task) => cluster.serviceOf(task) !== undefined,
    denied: (task, action) => deniedTo(task, rights.protection(task.id, action)),
    onProtection: (task) => cluster.taskChanged(task),
    now,
  });
  const taskUrl = await listenOnLoopback(taskServer);
  const cluster = new Cluster(
    {
      clusterName,
      clusterArn,
      region,
      arnPrefix,
      now,
      launchDelayMs: () => simulation.launchDelayMs,
      deprovisionMs: () => simulation.deprovisionMs,
      metadataUri: (taskId) => `${taskUrl}/v4/${taskId}`,
      agentUri: (taskId) => `${taskUrl}/api/${taskId}`,
      onChange: tell,
      onOutput: tellOutput,
    },
    {
      definitions: options.taskDefinitions,
      services: options.services ?? [],
      capacity: simulation.capacity,
      runTaskRate: () => simulation.runTaskRate,
    },
  );
  const rights = new EcsRights({
    arnPrefix,
    clusterName,
    clusterArn,
    definition: (name) => cluster.definition(name),
    definitionArn: (definition) => cluster.definitionArn(definition),
  });
  const code = 'InvalidParameterException';
  const service = await serveAwsJson({
    service: 'ecs',
    targetPrefix: 'AmazonEC2ContainerServiceV20141113',
    faults,
    access: options.access,
    onDefect,
    ...(options.port === undefined ? {} : { port: options.port }),
    operations: {
      RunTask: operation(runTaskRequest, code, {
        reads: false,
        target: ({ startedBy }) => startedBy ?? '',
        rights: (request) => rights.runTask(request),
        run: (request) => cluster.run(request),
      }),
      StopTask: operation(stopTaskRequest, code, {
        reads: false,
        target: ({ task }) => task,
        rights: (request) => rights.stopTask(request),
        run: (request) => cluster.stop(request),
      }),
      DescribeTasks: operation(describeTasksRequest, code, {
        reads: true,
        target: ({ tasks }) => tasks.join(' '),
        rights: (request) => rights.describeTasks(request),
        run: (request) => cluster.describe(request),
      }),
      ListTasks: operation(listTasksRequest, code, {
        reads: true,
        target: ({ startedBy }) => startedBy ?? '',
        rights: () => rights.listTasks(),
        run: (request) => cluster.list(request),
      }),
      UpdateService: operation(updateServiceRequest, code, {
        reads: false,
        target: (request) => request.service,
        rights: (request) => rights.updateService(request),
        run: (request) => cluster.updateService(request),
      }),
      DescribeServices: operation(describeServicesRequest, code, {
        reads: true,
        target: ({ services }) => services.join(' '),
        rights: (request) => rights.describeServices(request),
        run: (request) => cluster.describeServices(request),
      }),
    },
  }).catch(async (error: unknown) => {
    await closeServer(taskServer);
    throw error;
  });

  return {
    url: service.url,
    clusterArn,
    faults,
    simulation,
    taskDefinitionArn(family) {
      return cluster.definitionArn(cluster.definition(family));
    },
    runningTasks() {
      return cluster.tasks
        .filter((task) => task.lastStatus !== 'STOPPED')
        .map((task) => ({
          taskArn: task.arn,
          startedBy: task.spec.startedBy,
          group: task.spec.group,
          lastStatus: task.lastStatus,
        }));
    },
    tellLostTasks() {
      for (const lost of options.journal?.lost ?? []) {
        tellOf(stoppedView(lost, now()));
        options.journal?.forget(lost.task);
      }
    },
    interrupt(taskArn) {
      const task = cluster.find(taskArn);
      if (task === undefined) throw new Error(`There is no task ${taskArn}.`);
      task.stop('SpotInterruption', 'Your Spot Task was interrupted.');
    },
    async close({ graceMs } = {}) {
      await service.close();
      await cluster.close(graceMs);
      await delivery.close();
      options.journal?.close();
      await closeServer(taskServer);
    },
  };
}
