import { randomUUID } from 'node:crypto';

export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'RUNNING' | 'STOPPING' | 'DEPROVISIONING' | 'STOPPED';
export type DesiredStatus = 'RUNNING' | 'STOPPED';
export type StopCode =
  | 'EssentialContainerExited'
  | 'TaskFailedToStart'
  | 'UserInitiated'
  | 'SpotInterruption'
  | 'ServiceSchedulerInitiated'
  | 'TerminationNotice';
export type CapacityProvider = 'FARGATE' | 'FARGATE_SPOT';

export interface KeyValue {
  readonly name: string;
  readonly value: string;
}

export interface TaskOverrides {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly containerOverrides: readonly {
    readonly name: string;
    readonly environment?: readonly KeyValue[] | undefined;
  }[];
}

/**
 * A task as DescribeTasks shows it (`Time`: number, epoch seconds) and as its events do (`Time`: string, ISO 8601).
 * There is no network interface, hence no attachment.
 */
export interface TaskView<Time> {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly group: string;
  readonly launchType: 'FARGATE';
  readonly capacityProviderName?: CapacityProvider;
  readonly platformVersion: string;
  readonly availabilityZone: string;
  readonly attachments: readonly [];
  readonly connectivity: 'CONNECTED';
  readonly enableExecuteCommand: false;
  readonly startedBy?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly overrides: TaskOverrides;
  readonly containers: readonly ContainerView[];
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: DesiredStatus;
  readonly stopCode?: StopCode;
  readonly stoppedReason?: string;
  readonly createdAt: Time;
  readonly startedAt?: Time;
  readonly stoppingAt?: Time;
  readonly executionStoppedAt?: Time;
  readonly stoppedAt?: Time;
  /** 1 for the first event of the task, one more for each that follows; copies of an event share it. */
  readonly version: number;
}

export interface ContainerView {
  readonly containerArn: string;
  readonly taskArn: string;
  readonly name: string;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number;
  readonly reason?: string;
}

/** As EventBridge hands it to a rule's target. Source: "Amazon ECS task state change events" in the ECS manual. */
export interface EcsTaskStateChangeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'ECS Task State Change';
  readonly source: 'aws.ecs';
  readonly account: string;
  /** ISO 8601, to the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly [taskArn: string];
  readonly detail: TaskView<string> & { readonly updatedAt: string };
}

export function taskStateChange(
  task: TaskView<string>,
  at: Date,
  place: { readonly accountId: string; readonly region: string },
): EcsTaskStateChangeEvent {
  const updatedAt = at.toISOString();
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: place.accountId,
    time: updatedAt.replace(/\.\d+Z$/, 'Z'),
    region: place.region,
    resources: [task.taskArn],
    detail: { ...task, updatedAt },
  };
}
