import { randomUUID } from 'node:crypto';
import type { Task, TaskSpec } from './task.ts';

/** A service of the cluster. Its tasks are of a group `service:<name>`, and have no overrides. */
export interface ServiceSpec {
  readonly name: string;
  /** Family, family:revision, or ARN. */
  readonly taskDefinition: string;
  readonly desiredCount: number;
}

/** What a service needs of the cluster that it runs in. */
export interface ServiceHost {
  readonly arnPrefix: string;
  readonly clusterName: string;
  readonly clusterArn: string;
  now(): Date;
  /** @throws AwsError when there is no such task definition */
  specOf(taskDefinition: string, more: Pick<TaskSpec, 'group' | 'startedBy'>): TaskSpec;
  /** @returns undefined where there is no capacity now */
  launch(spec: TaskSpec): Task | undefined;
}

interface Deployment {
  readonly id: string;
  readonly spec: TaskSpec;
  readonly createdAt: Date;
}

interface ServiceTask {
  readonly task: Task;
  readonly deployment: Deployment;
}

/** ECS replaces a task that ends at once, and slows down for one that does so again and again. */
const REPLACE_MS = 500;
/** The service's maximum percent is 200, its minimum healthy percent 100, as the construct sets them. */
const MAX_FACTOR = 2;

/**
 * Keeps as many tasks as are desired, and replaces those of an earlier deployment once the new ones run. A protected
 * task is stopped by neither a scale-in nor a deployment, which wait for the end of its protection.
 */
export class Service {
  readonly name: string;
  readonly arn: string;
  readonly #host: ServiceHost;
  readonly #tasks: ServiceTask[] = [];
  #desiredCount: number;
  #deployments: readonly [primary: Deployment, ...before: Deployment[]];
  #timer: NodeJS.Timeout | undefined;
  #closed: boolean = false;

  constructor({ name, taskDefinition, desiredCount }: ServiceSpec, host: ServiceHost) {
    this.name = name;
    this.arn = `${host.arnPrefix}:service/${host.clusterName}/${name}`;
    this.#host = host;
    this.#desiredCount = desiredCount;
    this.#deployments = [this.#deployment(taskDefinition)];
    this.#settle();
  }

  get #alive(): readonly ServiceTask[] {
    return this.#tasks.filter(({ task }) => task.desiredStatus === 'RUNNING');
  }

  /** UpdateService: what is not given stays. */
  update({ desiredCount, taskDefinition, forceNewDeployment = false }: ServiceUpdate): void {
    this.#desiredCount = desiredCount ?? this.#desiredCount;
    const [primary] = this.#deployments;
    if (taskDefinition !== undefined || forceNewDeployment) {
      const next = this.#deployment(taskDefinition ?? primary.spec.taskDefinitionArn);
      if (forceNewDeployment || next.spec.taskDefinitionArn !== primary.spec.taskDefinitionArn)
        this.#deployments = [next, ...this.#deployments];
    }
    this.#settle();
  }

  view(): object {
    const of = (deployment: Deployment) => this.#alive.filter((one) => one.deployment === deployment);
    const running = (tasks: readonly ServiceTask[]) =>
      tasks.filter(({ task }) => task.lastStatus === 'RUNNING').length;
    const [primary] = this.#deployments;
    return {
      serviceName: this.name,
      serviceArn: this.arn,
      clusterArn: this.#host.clusterArn,
      status: 'ACTIVE',
      desiredCount: this.#desiredCount,
      runningCount: running(this.#alive),
      pendingCount: this.#alive.length - running(this.#alive),
      launchType: 'FARGATE',
      taskDefinition: primary.spec.taskDefinitionArn,
      deployments: this.#deployments.map((deployment) => ({
        id: deployment.id,
        status: deployment === primary ? 'PRIMARY' : 'ACTIVE',
        taskDefinition: deployment.spec.taskDefinitionArn,
        desiredCount: deployment === primary ? this.#desiredCount : 0,
        runningCount: running(of(deployment)),
        pendingCount: of(deployment).length - running(of(deployment)),
        createdAt: deployment.createdAt.getTime() / 1000,
      })),
    };
  }

  has(task: Task): boolean {
    return this.#tasks.some((one) => one.task === task);
  }

  /** One of its tasks has changed: it runs, is no longer protected, or has gone. */
  changed(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#settle();
    }, REPLACE_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #settle(): void {
    if (this.#closed) return;
    const [primary, ...before] = this.#deployments;
    const current = this.#alive.filter(({ deployment }) => deployment === primary);
    const missing = Math.min(
      this.#desiredCount - current.length,
      MAX_FACTOR * this.#desiredCount - this.#alive.length,
    );
    let isShort = false;
    for (let i = 0; i < missing; i++) {
      const task = this.#host.launch(primary.spec);
      if (task === undefined) isShort = true;
      else this.#tasks.push({ task, deployment: primary });
    }
    this.#stopSpare(primary);
    this.#deployments = [
      primary,
      ...before.filter((one) => this.#alive.some(({ deployment }) => deployment === one)),
    ];
    for (const one of this.#tasks.filter(({ task }) => task.lastStatus === 'STOPPED'))
      this.#tasks.splice(this.#tasks.indexOf(one), 1);
    const isSpare = this.#alive.length > this.#desiredCount || this.#deployments.length > 1;
    if (isShort || isSpare) this.changed();
  }

  /** Tasks of earlier deployments first, and the newest first; as many as leave what is desired running. */
  #stopSpare(primary: Deployment): void {
    const running = this.#alive.filter(({ task }) => task.lastStatus === 'RUNNING').length;
    const spares = this.#alive.toReversed().filter(({ task }) => !task.isProtected);
    const old = spares.filter(({ deployment }) => deployment !== primary);
    const current = this.#alive.filter(({ deployment }) => deployment === primary).length;
    const isScaleIn = current > this.#desiredCount;
    const candidates = isScaleIn ? [...old, ...spares.filter((one) => !old.includes(one))] : old;
    let left = running;
    for (const { task, deployment } of candidates) {
      const isRunning = task.lastStatus === 'RUNNING';
      if (isRunning && left <= this.#desiredCount) continue;
      if (!isRunning && this.#alive.length <= this.#desiredCount) continue;
      if (isRunning) left -= 1;
      task.stop('ServiceSchedulerInitiated', `Scaling activity initiated by (deployment ${deployment.id})`);
    }
  }

  #deployment(taskDefinition: string): Deployment {
    const id = `ecs-svc/${BigInt(`0x${randomUUID().replaceAll('-', '').slice(0, 15)}`)}`;
    const spec = this.#host.specOf(taskDefinition, { group: `service:${this.name}`, startedBy: id });
    return { id, spec, createdAt: this.#host.now() };
  }
}

export interface ServiceUpdate {
  readonly desiredCount?: number | undefined;
  readonly taskDefinition?: string | undefined;
  readonly forceNewDeployment?: boolean | undefined;
}
