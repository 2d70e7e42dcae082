import { AwsError } from '../shared/awsJson.ts';
import { ClientTokens, STOPPED_TASK_LIFETIME_MS } from './clientTokens.ts';
import type {
  DescribeServicesRequest,
  DescribeTasksRequest,
  ListTasksRequest,
  RunTaskRequest,
  StopTaskRequest,
  UpdateServiceRequest,
} from './requests.ts';
import { Service, type ServiceSpec } from './service.ts';
import { Task, type TaskDefinition, type TaskHost, type TaskSpec } from './task.ts';
import type { CapacityProvider, TaskView } from './taskEvents.ts';
import { type Rate, TokenBucket } from './tokenBucket.ts';

/** Tests change these while the endpoint runs: how many more tasks a provider takes, and why no more than that. */
export type Capacity = Record<CapacityProvider, { freeTasks: number; reason: string }>;

export interface Failure {
  readonly arn?: string;
  readonly reason: string;
}

type Answer = TaskView<number>;

export interface ClusterOptions {
  readonly definitions: readonly TaskDefinition[];
  readonly services: readonly ServiceSpec[];
  readonly capacity: Capacity;
  /** Of RunTask. */
  readonly runTaskRate: () => Rate;
}

/** One cluster of Fargate tasks and services: what the operations do. */
export class Cluster {
  readonly #host: TaskHost;
  readonly #definitions: readonly TaskDefinition[];
  readonly #capacity: Capacity;
  readonly #tokens: ClientTokens;
  readonly #runTaskRate: () => Rate;
  readonly #runTaskCalls: TokenBucket;
  readonly #tasks = new Map<string, Task>();
  readonly #services: readonly Service[];
  #closed: boolean = false;

  constructor(host: TaskHost, { definitions, services, capacity, runTaskRate }: ClusterOptions) {
    this.#host = host;
    this.#definitions = definitions;
    this.#capacity = capacity;
    this.#tokens = new ClientTokens(() => host.now());
    this.#runTaskRate = runTaskRate;
    this.#runTaskCalls = new TokenBucket(() => host.now());
    this.#services = services.map(
      (spec) =>
        new Service(spec, {
          arnPrefix: host.arnPrefix,
          clusterName: host.clusterName,
          clusterArn: host.clusterArn,
          now: () => host.now(),
          specOf: (taskDefinition, more) => this.#serviceSpec(taskDefinition, more),
          launch: (taskSpec) => this.#launch(taskSpec, 1)[0],
        }),
    );
  }

  /** Those that have not stopped, and those that stopped in the last hour. Oldest first. */
  get tasks(): readonly Task[] {
    const oldest = this.#host.now().getTime() - STOPPED_TASK_LIFETIME_MS;
    for (const [id, { stoppedAt }] of this.#tasks)
      if (stoppedAt !== undefined && stoppedAt.getTime() <= oldest) this.#tasks.delete(id);
    return [...this.#tasks.values()];
  }

  definitionArn(definition: TaskDefinition): string {
    return `${this.#host.arnPrefix}:task-definition/${definition.family}:${definition.revision}`;
  }

  /** @param idOrArn of a task that can be described */
  find(idOrArn: string): Task | undefined {
    return this.tasks.find((task) => task.id === idOrArn || task.arn === idOrArn);
  }

  run({ clientToken, ...request }: RunTaskRequest): { tasks: Answer[]; failures: Failure[] } {
    if (this.#closed) throw new AwsError('ServerException', 'The endpoint is closing.', {}, 500);
    this.#check(request.cluster);
    if (!this.#runTaskCalls.take(this.#runTaskRate()))
      throw new AwsError('ThrottlingException', 'Rate exceeded');
    const spec = this.#spec(request);
    const known = clientToken === undefined ? undefined : this.#tokens.find(clientToken, request);
    if (known !== undefined) return { tasks: known.map(answerOf), failures: [] };
    const tasks = this.#launch(spec, request.count);
    if (clientToken !== undefined) this.#tokens.remember(clientToken, request, tasks);
    const { reason } = this.#capacity[spec.capacityProvider ?? 'FARGATE'];
    const failures = Array.from({ length: request.count - tasks.length }, () => ({ reason }));
    return { tasks: tasks.map(answerOf), failures };
  }

  /** As many as there is capacity for. */
  #launch(spec: TaskSpec, count: number): Task[] {
    const provider = this.#capacity[spec.capacityProvider ?? 'FARGATE'];
    const placed = Math.min(count, provider.freeTasks);
    provider.freeTasks -= placed;
    const tasks = Array.from({ length: placed }, () => new Task(spec, this.#host));
    for (const task of tasks) this.#tasks.set(task.id, task);
    return tasks;
  }

  /** Told of each change of a task, after it. */
  taskChanged(task: Task): void {
    for (const service of this.#services) if (service.has(task)) service.changed();
  }

  /** The service that a task belongs to. */
  serviceOf(task: Task): Service | undefined {
    return this.#services.find((service) => service.has(task));
  }

  updateService({ cluster, service: nameOrArn, ...update }: UpdateServiceRequest): { service: object } {
    this.#check(cluster);
    const service = this.#service(nameOrArn);
    if (service === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
    service.update(update);
    return { service: service.view() };
  }

  describeServices({ cluster, services }: DescribeServicesRequest): {
    services: object[];
    failures: Failure[];
  } {
    this.#check(cluster);
    const looked = services.map((nameOrArn) => ({ nameOrArn, service: this.#service(nameOrArn) }));
    return {
      services: looked.flatMap(({ service }) => (service === undefined ? [] : [service.view()])),
      failures: looked
        .filter(({ service }) => service === undefined)
        .map(({ nameOrArn }) => ({ arn: nameOrArn, reason: 'MISSING' })),
    };
  }

  #service(nameOrArn: string): Service | undefined {
    return this.#services.find(({ name, arn }) => name === nameOrArn || arn === nameOrArn);
  }

  stop({ cluster, task: idOrArn, reason }: StopTaskRequest): { task: Answer } {
    this.#check(cluster);
    const task = this.find(idOrArn);
    if (task === undefined)
      throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
    task.stop('UserInitiated', reason ?? 'Task stopped by user');
    return { task: answerOf(task) };
  }

  describe({ cluster, tasks }: DescribeTasksRequest): { tasks: Answer[]; failures: Failure[] } {
    this.#check(cluster);
    const looked = tasks.map((idOrArn) => ({ idOrArn, task: this.find(idOrArn) }));
    return {
      tasks: looked.flatMap(({ task }) => (task === undefined ? [] : [answerOf(task)])),
      failures: looked
        .filter(({ task }) => task === undefined)
        .map(({ idOrArn }) => ({ arn: this.#taskArn(idOrArn), reason: 'MISSING' })),
    };
  }

  list(request: ListTasksRequest): { taskArns: string[]; nextToken?: string } {
    this.#check(request.cluster);
    const { startedBy, family, launchType, serviceName, nextToken, desiredStatus = 'RUNNING' } = request;
    const service = serviceName === undefined ? undefined : this.#service(serviceName);
    if (serviceName !== undefined && service === undefined)
      throw new AwsError('ServiceNotFoundException', 'Service not found.');
    const matching = this.tasks
      .filter((task) => task.desiredStatus === desiredStatus)
      .filter((task) => startedBy === undefined || task.spec.startedBy === startedBy)
      .filter((task) => family === undefined || task.spec.definition.family === family)
      .filter((task) => service?.has(task) !== false)
      .filter(() => launchType === undefined || launchType === 'FARGATE')
      .map((task) => task.arn)
      // By ARN, so that a page can go on behind the last one's end whatever has come and gone.
      .sort()
      .filter((arn) => nextToken === undefined || arn > pageEnd(nextToken));
    const taskArns = matching.slice(0, request.maxResults);
    const last = taskArns.at(-1);
    return last === undefined || matching.length === taskArns.length
      ? { taskArns }
      : { taskArns, nextToken: Buffer.from(last).toString('base64url') };
  }

  /** Runs no more tasks, stops those there are, and settles when all have stopped. */
  async close(graceMs: number | undefined): Promise<void> {
    this.#closed = true;
    for (const service of this.#services) service.close();
    for (const task of this.tasks) {
      if (graceMs !== undefined) task.limitGrace(graceMs);
      task.stop('TerminationNotice', 'The host shuts down.');
    }
    await Promise.all(this.tasks.map((task) => task.stopped));
  }

  #check(cluster: string): void {
    if (cluster !== this.#host.clusterName && cluster !== this.#host.clusterArn)
      throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  }

  #taskArn(idOrArn: string): string {
    if (idOrArn.startsWith('arn:')) return idOrArn;
    return `${this.#host.arnPrefix}:task/${this.#host.clusterName}/${idOrArn}`;
  }

  #spec(request: Omit<RunTaskRequest, 'clientToken'>): TaskSpec {
    const definition = this.definition(request.taskDefinition);
    if (request.networkConfiguration === undefined)
      throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    const { containerOverrides, ...overrides } = request.overrides;
    for (const { name } of containerOverrides)
      if (name !== definition.containerName)
        throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
    return {
      definition,
      taskDefinitionArn: this.definitionArn(definition),
      startedBy: request.startedBy,
      group: request.group,
      capacityProvider: capacityProviderOf(request),
      overrides: {
        ...overrides,
        containerOverrides:
          containerOverrides.length > 0 ? containerOverrides : [{ name: definition.containerName }],
      },
    };
  }

  #serviceSpec(taskDefinition: string, more: Pick<TaskSpec, 'group' | 'startedBy'>): TaskSpec {
    const definition = this.definition(taskDefinition);
    const overrides = { containerOverrides: [{ name: definition.containerName }] };
    return {
      definition,
      taskDefinitionArn: this.definitionArn(definition),
      overrides,
      capacityProvider: 'FARGATE',
      ...more,
    };
  }

  /**
   * @param name family (its highest revision), family:revision, or the ARN of one revision
   * @throws AwsError ClientException when there is none
   */
  definition(name: string): TaskDefinition {
    const newestFirst = this.#definitions.toSorted((a, b) => b.revision - a.revision);
    const found = newestFirst.find((definition) =>
      [
        definition.family,
        `${definition.family}:${definition.revision}`,
        this.definitionArn(definition),
      ].includes(name),
    );
    if (found === undefined) throw new AwsError('ClientException', 'TaskDefinition not found.');
    return found;
  }
}

/** @returns undefined for launch type FARGATE, which names no provider */
function capacityProviderOf({
  launchType,
  capacityProviderStrategy: strategy = [],
}: Omit<RunTaskRequest, 'clientToken'>): CapacityProvider | undefined {
  const [first, ...others] = strategy;
  if (first === undefined) {
    if (launchType === 'FARGATE') return undefined;
    // Without a launch type it is EC2, as the cluster has no default strategy.
    throw invalid('No Container Instances were found in your cluster.');
  }
  if (launchType !== undefined)
    throw invalid('Specifying both a launch type and capacity provider strategy is not supported.');
  if (others.length > 0)
    throw new AwsError('UnsupportedFeatureException', 'This endpoint takes one capacity provider a call.');
  const { capacityProvider } = first;
  if (capacityProvider !== 'FARGATE' && capacityProvider !== 'FARGATE_SPOT')
    throw invalid(`The specified capacity provider ${capacityProvider} was not found.`);
  return capacityProvider;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

function answerOf(task: Task): Answer {
  return task.view((date) => date.getTime() / 1000);
}

function pageEnd(nextToken: string): string {
  const arn = Buffer.from(nextToken, 'base64url').toString();
  if (!arn.startsWith('arn:')) throw invalid('nextToken is not valid.');
  return arn;
}
