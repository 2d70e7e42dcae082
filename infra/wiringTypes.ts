/** What the wiring (./wiring.ts) is written in. */

/** What an environment variable may hold; each deployment target supplies these values. */
export type Resource =
  | 'landingBucket'
  | 'libraryBucket'
  | 'libraryStorageClass'
  | 'libraryKmsKeyArn'
  | 'clusterArn'
  | 'taskDefinition'
  | 'hostsService'
  | 'hostsMax'
  | 'containerName'
  | 'mergeTaskDefinition'
  | 'mergeContainerName'
  | 'subnetIds'
  | 'securityGroupIds'
  | 'assignPublicIp'
  | 'capacityProviders'
  | 'launchQueueUrl'
  | 'settleQueueUrl'
  | 'clipsQueueUrl'
  | 'assignmentsQueueUrl'
  | 'relocationQueueUrl'
  | 'relocationRetrySeconds'
  | 'eventBusName'
  | 'recordingDefaults'
  | 'recordingLimits'
  | 'streamHooks'
  | 'playbackKeyArn'
  | 'watchedQueues'
  | 'wcsPortsAuth';

export type BucketName = 'landing' | 'library';

/** Queues by which functions and hosts ask something of each other. */
export type QueueName = 'launch' | 'settle' | 'clips' | 'assignments';

/** Queues that `GET /status` counts; the dead letters are records that could not be moved. */
export const WATCHED_QUEUES = ['relocation', 'relocationDeadLetters', 'launch', 'settle'] as const;
export type WatchedQueue = (typeof WATCHED_QUEUES)[number];

export type QueueAction =
  | 'sqs:SendMessage'
  | 'sqs:ReceiveMessage'
  | 'sqs:DeleteMessage'
  | 'sqs:ChangeMessageVisibility';

export type EcsAction =
  | 'ecs:RunTask'
  | 'ecs:TagResource'
  | 'ecs:ListTasks'
  | 'ecs:DescribeTasks'
  | 'ecs:StopTask'
  | 'ecs:DescribeServices'
  | 'ecs:UpdateService'
  | 'ecs:UpdateTaskProtection';

/** A right, written for exactly the keys that are used: `keys` are patterns as IAM has them. */
export type Grant =
  | { readonly on: BucketName; readonly actions: readonly string[]; readonly keys: readonly string[] }
  /** On the bucket itself, for listings below these prefixes. */
  | { readonly on: BucketName; readonly list: readonly string[] }
  /** On the bucket itself, for the multipart uploads that are open in it. */
  | { readonly on: BucketName; readonly uploads: true }
  | { readonly on: 'recorderTask' | 'mergeTask'; readonly actions: readonly EcsAction[] }
  | { readonly on: 'queue'; readonly queue: QueueName; readonly actions: readonly QueueAction[] }
  | { readonly on: 'watchedQueues'; readonly actions: readonly ['sqs:GetQueueAttributes'] }
  | { readonly on: 'eventBus'; readonly actions: readonly ['events:PutEvents'] }
  /** Credentials of sources, as far as the deployment names any. */
  | { readonly on: 'sourceSecrets'; readonly actions: readonly ['secretsmanager:GetSecretValue'] }
  /** The key that signs links; the extension that hands it out comes with this right. */
  | { readonly on: 'playbackKey'; readonly actions: readonly ['secretsmanager:GetSecretValue'] };

export interface FunctionSpec {
  /** The file below functions/handlers/ is `<name>.ts`; it exports `handler`. */
  readonly name: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, Resource>>;
  readonly grants: readonly Grant[];
}
