import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  CapacityProvider,
  DesiredStatus,
  KeyValue,
  StopCode,
  TaskOverrides,
  TaskStatus,
  TaskView,
} from './taskEvents.ts';
import { type OutputStream, TaskProcess } from './taskProcess.ts';

export interface TaskDefinition {
  readonly family: string;
  readonly revision: number;
  readonly containerName: string;
  /** argv of the child process. */
  readonly command: readonly string[];
  /** All that the task gets besides what Fargate adds (region, metadata URI); nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of its task role and its execution role, which whoever runs a task passes on; none by default. */
  readonly roleArns?: readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number;
  readonly cwd?: string;
  /** Shown, not enforced. */
  readonly cpuUnits?: number;
  /** Shown, not enforced. */
  readonly memoryMb?: number;
}

/** What one RunTask asks for, checked. */
export interface TaskSpec {
  readonly definition: TaskDefinition;
  readonly taskDefinitionArn: string;
  readonly startedBy?: string | undefined;
  readonly group?: string | undefined;
  readonly capacityProvider?: CapacityProvider | undefined;
  readonly overrides: TaskOverrides;
}

/** What a task needs of the cluster that it runs in. */
export interface TaskHost {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly region: string;
  /** `arn:aws:ecs:<region>:<account>` */
  readonly arnPrefix: string;
  now(): Date;
  launchDelayMs(): number;
  /** From the container's end to STOPPED. */
  deprovisionMs(): number;
  agentUri(taskId: string): string;
  metadataUri(taskId: string): string;
  onChange(task: Task): void;
  onOutput(taskId: string, stream: OutputStream, line: string): void;
}

interface Times {
  readonly createdAt: Date;
  startedAt?: Date;
  stoppingAt?: Date;
  executionStoppedAt?: Date;
  stoppedAt?: Date;
}

/**
 * One task, from PROVISIONING to STOPPED. It provisions for the launch delay, is PENDING while its process is being
 * started, RUNNING until it ends or is stopped, STOPPING between SIGTERM and its end, then DEPROVISIONING and STOPPED.
 * The first cause to stop it is the one that is shown.
 */
export class Task {
  readonly id = randomUUID().replaceAll('-', '');
  readonly arn: string;
  readonly spec: TaskSpec;
  readonly #host: TaskHost;
  readonly #containerArn: string;
  readonly #stopAsked = Promise.withResolvers<void>();
  #process: TaskProcess | undefined;
  #killAfterMs: number;
  #lastStatus: TaskStatus = 'PROVISIONING';
  #version = 0;
  #times: Times;
  #stop: { readonly code: StopCode; readonly reason: string } | undefined;
  #exitCode: number | undefined;
  #startError: string | undefined;
  #protectedUntil: Date | undefined;
  /** Settles when the task is STOPPED and that has been told. */
  readonly stopped: Promise<void>;

  /** Begins at once; the first change is told before the constructor returns. */
  constructor(spec: TaskSpec, host: TaskHost) {
    this.spec = spec;
    this.#host = host;
    this.arn = `${host.arnPrefix}:task/${host.clusterName}/${this.id}`;
    this.#containerArn = `${host.arnPrefix}:container/${host.clusterName}/${this.id}/${randomUUID()}`;
    this.#killAfterMs = spec.definition.stopTimeoutMs;
    this.#times = { createdAt: host.now() };
    this.#become('PROVISIONING');
    this.stopped = this.#live();
  }

  /** Of its container's process, once that is there. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get lastStatus(): TaskStatus {
    return this.#lastStatus;
  }

  get desiredStatus(): DesiredStatus {
    return this.#stop === undefined ? 'RUNNING' : 'STOPPED';
  }

  get stoppedAt(): Date | undefined {
    return this.#times.stoppedAt;
  }

  /** Of a service: neither a scale-in nor a deployment stops it. */
  get isProtected(): boolean {
    return this.protectedUntil !== undefined;
  }

  /** When its protection ends. */
  get protectedUntil(): Date | undefined {
    const until = this.#protectedUntil;
    return until !== undefined && until > this.#host.now() ? until : undefined;
  }

  /** @param until undefined ends it */
  protect(until: Date | undefined): void {
    this.#protectedUntil = until;
  }

  /** Asks the task to stop and returns before it has. One that is stopping or stopped is left as it is. */
  stop(code: StopCode, reason: string): void {
    if (this.#stop !== undefined) return;
    this.#decide(code, reason);
    // ECS tells the decision first, with the status as it was (its Spot warning reads RUNNING, desired STOPPED).
    this.#become(this.#lastStatus);
    this.#stopAsked.resolve();
    if (this.#process !== undefined) this.#terminate(this.#process);
  }

  /** Shortens the time between SIGTERM and SIGKILL, counted from now. */
  limitGrace(graceMs: number): void {
    this.#killAfterMs = Math.min(this.#killAfterMs, graceMs);
    if (this.#lastStatus === 'STOPPING') this.#process?.killAfter(this.#killAfterMs);
  }

  async #live(): Promise<void> {
    const launched = delay(this.#host.launchDelayMs(), undefined, { ref: false });
    await Promise.race([launched, this.#stopAsked.promise]);
    if (this.#stop === undefined) await this.#runContainer();
    this.#times.executionStoppedAt = this.#host.now();
    this.#become('DEPROVISIONING');
    const deprovisionMs = this.#host.deprovisionMs();
    if (deprovisionMs > 0) await delay(deprovisionMs, undefined, { ref: false });
    this.#times.stoppedAt = this.#host.now();
    this.#become('STOPPED');
  }

  async #runContainer(): Promise<void> {
    this.#become('PENDING');
    const { definition } = this.spec;
    try {
      this.#process = await TaskProcess.start({
        command: definition.command,
        environment: this.#environment(),
        stopTimeoutMs: definition.stopTimeoutMs,
        onOutput: (stream, line) => this.#host.onOutput(this.id, stream, line),
        ...(definition.cwd === undefined ? {} : { cwd: definition.cwd }),
      });
    } catch (error) {
      this.#startError = `CannotStartContainerError: ${error instanceof Error ? error.message : String(error)}`;
      this.#decide('TaskFailedToStart', this.#startError);
      return;
    }
    this.#times.startedAt = this.#host.now();
    // A stop may have come while the process was being started.
    if (this.#stop === undefined) this.#become('RUNNING');
    else this.#terminate(this.#process);
    this.#exitCode = await this.#process.exited;
    this.#decide('EssentialContainerExited', 'Essential container in task exited');
  }

  #terminate(process: TaskProcess): void {
    this.#become('STOPPING');
    process.terminate();
    process.killAfter(this.#killAfterMs);
  }

  #decide(code: StopCode, reason: string): void {
    this.#stop ??= { code, reason };
    this.#times.stoppingAt ??= this.#host.now();
  }

  #become(status: TaskStatus): void {
    this.#lastStatus = status;
    this.#version += 1;
    this.#host.onChange(this);
  }

  #environment(): Record<string, string> {
    const { definition, overrides } = this.spec;
    const overridden: readonly KeyValue[] = overrides.containerOverrides.flatMap(
      (container) => container.environment ?? [],
    );
    return {
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      AWS_REGION: this.#host.region,
      AWS_DEFAULT_REGION: this.#host.region,
      ...definition.environment,
      ...Object.fromEntries(overridden.map(({ name, value }) => [name, value])),
      ECS_AGENT_URI: this.#host.agentUri(this.id),
      ECS_CONTAINER_METADATA_URI_V4: this.#host.metadataUri(this.id),
    };
  }

  /** @param time how points in time are written: epoch seconds in answers, ISO 8601 in events */
  view<Time>(time: (date: Date) => Time): TaskView<Time> {
    const { definition, taskDefinitionArn, startedBy, capacityProvider, overrides } = this.spec;
    const cpu = overrides.cpu ?? definition.cpuUnits?.toString();
    const memory = overrides.memory ?? definition.memoryMb?.toString();
    const { startedAt, stoppingAt, executionStoppedAt, stoppedAt } = this.#times;
    return {
      taskArn: this.arn,
      clusterArn: this.#host.clusterArn,
      taskDefinitionArn,
      group: this.spec.group ?? `family:${definition.family}`,
      launchType: 'FARGATE',
      ...(capacityProvider && { capacityProviderName: capacityProvider }),
      platformVersion: '1.4.0',
      availabilityZone: `${this.#host.region}a`,
      attachments: [],
      connectivity: 'CONNECTED',
      enableExecuteCommand: false,
      ...(startedBy !== undefined && { startedBy }),
      ...(cpu !== undefined && { cpu }),
      ...(memory !== undefined && { memory }),
      overrides,
      containers: [
        {
          containerArn: this.#containerArn,
          taskArn: this.arn,
          name: definition.containerName,
          lastStatus: this.#containerStatus(),
          ...(this.#exitCode !== undefined && { exitCode: this.#exitCode }),
          ...(this.#startError !== undefined && { reason: this.#startError }),
        },
      ],
      lastStatus: this.#lastStatus,
      desiredStatus: this.desiredStatus,
      ...(this.#stop && { stopCode: this.#stop.code, stoppedReason: this.#stop.reason }),
      createdAt: time(this.#times.createdAt),
      ...(startedAt && { startedAt: time(startedAt) }),
      ...(stoppingAt && { stoppingAt: time(stoppingAt) }),
      ...(executionStoppedAt && { executionStoppedAt: time(executionStoppedAt) }),
      ...(stoppedAt && { stoppedAt: time(stoppedAt) }),
      version: this.#version,
    };
  }

  #containerStatus(): 'PENDING' | 'RUNNING' | 'STOPPED' {
    if (this.#lastStatus === 'RUNNING' || this.#lastStatus === 'STOPPING') return 'RUNNING';
    return this.#lastStatus === 'PROVISIONING' || this.#lastStatus === 'PENDING' ? 'PENDING' : 'STOPPED';
  }
}
