import type { BucketName, EcsAction, Grant, QueueName } from './wiringTypes.ts';

/**
 * The wiring's grants as statements of IAM policies. Both deployment targets take them from here: CDK writes them into roles,
 * and the local runtime's endpoints decide by them.
 */

export interface IamStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** ARNs of what grants are on. The recorder's own role is written before there is a task definition. */
export interface GrantArns {
  readonly buckets: Readonly<Record<BucketName, string>>;
  readonly eventBus: string;
  readonly playbackKey?: string | undefined;
  /** Names of secrets, or how they begin. */
  readonly sourceSecrets: readonly string[];
  readonly secretArn: (resourceName: string) => string;
  readonly watchedQueues?: readonly string[] | undefined;
  readonly queues?: Readonly<Record<QueueName, string>> | undefined;
  readonly recorder?: TaskArns | undefined;
  /** What composes merges. */
  readonly merge?: TaskArns | undefined;
}

export interface TaskArns {
  readonly cluster: string;
  /** All tasks of the cluster. */
  readonly tasks: string;
  /** All services of the cluster. */
  readonly services: string;
  /** Any revision: during a deployment the function may still hold the one before. */
  readonly definitions: string;
  /** Task role and execution role, which whoever runs a task passes on. */
  readonly roles: readonly string[];
}

/** @throws Error for a grant on what is not there yet */
export function statementsOf(grants: readonly Grant[], arns: GrantArns): IamStatement[] {
  return grants.flatMap((grant) => statementsOfGrant(grant, arns));
}

function statementsOfGrant(grant: Grant, arns: GrantArns): IamStatement[] {
  switch (grant.on) {
    case 'landing':
    case 'library': {
      const bucket = arns.buckets[grant.on];
      if ('list' in grant) return [listStatement(bucket, grant.list)];
      if ('uploads' in grant) return [allow(['s3:ListBucketMultipartUploads'], [bucket])];
      return [
        allow(
          grant.actions,
          grant.keys.map((keys) => `${bucket}/${keys}`),
        ),
      ];
    }
    case 'eventBus':
      return [allow(grant.actions, [arns.eventBus])];
    case 'playbackKey':
      return [allow(grant.actions, [present(arns.playbackKey, 'the key')])];
    case 'sourceSecrets': {
      const resources = arns.sourceSecrets.map((pattern) => arns.secretArn(withSuffix(pattern)));
      return resources.length === 0 ? [] : [allow(grant.actions, resources)];
    }
    case 'watchedQueues':
      return [allow(grant.actions, present(arns.watchedQueues, 'the queues'))];
    case 'queue':
      return [allow(grant.actions, [present(arns.queues, `the queue ${grant.queue}`)[grant.queue]])];
    case 'recorderTask':
      return grant.actions.flatMap((action) => ecsStatements(action, present(arns.recorder, action)));
    case 'mergeTask':
      return grant.actions.flatMap((action) => ecsStatements(action, present(arns.merge, action)));
  }
}

function allow(
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: IamStatement['Condition'],
): IamStatement {
  return { Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) };
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is granted before it is there`);
  return value;
}

/** Secrets Manager adds a hyphen and six characters to a name. */
const withSuffix = (pattern: string): string => (pattern.endsWith('*') ? pattern : `${pattern}-??????`);

/**
 * Listing below the given prefixes. S3 asks for this right also when an object that is read does not exist (404, or 403
 * without it), and then it need not name a prefix: hence "if exists". Without it every first read would be refused.
 */
function listStatement(bucket: string, prefixes: readonly string[]): IamStatement {
  const condition = prefixes.includes('*')
    ? undefined
    : { StringLikeIfExists: { 's3:prefix': [...prefixes] } };
  return allow(['s3:ListBucket'], [bucket], condition);
}

function ecsStatements(
  action: EcsAction,
  { cluster, tasks, services, definitions, roles }: TaskArns,
): IamStatement[] {
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster } };
  switch (action) {
    case 'ecs:RunTask':
      return [
        allow([action], [definitions], inCluster),
        allow(['iam:PassRole'], roles, {
          StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
        }),
      ];
    case 'ecs:TagResource':
      return [allow([action], [tasks], { StringEquals: { 'ecs:CreateAction': 'RunTask' } })];
    case 'ecs:StopTask':
    case 'ecs:DescribeTasks':
      return [allow([action], [tasks], inCluster)];
    case 'ecs:UpdateTaskProtection':
      // Its tasks name the cluster.
      return [allow([action], [tasks])];
    case 'ecs:DescribeServices':
    case 'ecs:UpdateService':
      return [allow([action], [services])];
    case 'ecs:ListTasks':
      // IAM knows no narrower resource for it; the condition names the cluster.
      return [allow([action], ['*'], inCluster)];
  }
}

/** What Lambda needs of a queue whose messages go to a function; CDK's `SqsEventSource` grants just this. */
export const CONSUMER_ACTIONS = [
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ReceiveMessage',
] as const;

export const consumerStatement = (queueArn: string): IamStatement => allow(CONSUMER_ACTIONS, [queueArn]);
