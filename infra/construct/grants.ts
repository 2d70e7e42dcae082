import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Cluster, TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { BucketName, EcsAction, Grant, QueueName } from '../wiring.ts';
import { acknowledgeWildcards } from './acknowledge.ts';

/** What grants are on. The recorder's own role is written before there is a task definition. */
export interface GrantTargets {
  readonly buckets: Readonly<Record<BucketName, IBucket | Bucket>>;
  /** Encrypts what is put into the library. */
  readonly libraryKey?: IKey | undefined;
  readonly eventBus: EventBus;
  readonly playbackKey?: ISecret | Secret;
  /** Names of secrets, or how they begin. */
  readonly sourceSecrets?: readonly string[];
  readonly watchedQueues?: readonly IQueue[];
  readonly queues?: Readonly<Record<QueueName, IQueue>>;
  readonly recorder?: TaskTarget;
  /** What composes merges. */
  readonly merge?: TaskTarget;
}

interface TaskTarget {
  readonly cluster: Cluster;
  readonly taskDefinition: TaskDefinition;
}

const WHY_WILDCARDS =
  'Stands for recordings, tasks, task definition revisions or secrets, which do not exist yet; what comes before it is exact. ecs:ListTasks knows no narrower resource, and is bound to the cluster by a condition.';

/** Writes the wiring's grants into a role's own policy, and nothing else. */
export function applyGrants(role: Role, grants: readonly Grant[], targets: GrantTargets): void {
  for (const statement of grants.flatMap((grant) => statementsOf(role, grant, targets))) {
    role.addToPolicy(statement);
    acknowledgeWildcards(role, statement.resources, WHY_WILDCARDS);
  }
  for (const name of ['landing', 'library'] as const) {
    const actions = keyActions(grants, name);
    if (actions.length === 0) continue;
    // A given bucket may be encrypted with a key of its owner's.
    targets.buckets[name].encryptionKey?.grant(role, ...actions);
    if (name === 'library') targets.libraryKey?.grant(role, ...actions);
  }
}

/**
 * What S3 asks of a key for what these grants allow on a bucket's objects: reading decrypts; writing takes a data key, and
 * decrypts the parts of a multipart upload ("Using server-side encryption with KMS keys", S3 User Guide).
 */
function keyActions(grants: readonly Grant[], name: BucketName): string[] {
  const actions = grants.flatMap((grant) => (grant.on === name && 'actions' in grant ? grant.actions : []));
  if (actions.includes('s3:PutObject')) return ['kms:Decrypt', 'kms:GenerateDataKey'];
  return actions.includes('s3:GetObject') ? ['kms:Decrypt'] : [];
}

function statementsOf(role: Role, grant: Grant, targets: GrantTargets): PolicyStatement[] {
  switch (grant.on) {
    case 'landing':
    case 'library': {
      const bucket = targets.buckets[grant.on];
      if ('list' in grant) return [listStatement(bucket, grant.list)];
      if ('uploads' in grant) {
        const actions = ['s3:ListBucketMultipartUploads'];
        return [new PolicyStatement({ actions, resources: [bucket.bucketArn] })];
      }
      return [
        new PolicyStatement({
          actions: [...grant.actions],
          resources: grant.keys.map((keys) => bucket.arnForObjects(keys)),
        }),
      ];
    }
    case 'eventBus':
      return [
        new PolicyStatement({ actions: [...grant.actions], resources: [targets.eventBus.eventBusArn] }),
      ];
    case 'playbackKey': {
      if (targets.playbackKey === undefined) throw new Error('the key is granted before there is one');
      return [
        new PolicyStatement({ actions: [...grant.actions], resources: [targets.playbackKey.secretArn] }),
      ];
    }
    case 'sourceSecrets': {
      const resources = (targets.sourceSecrets ?? []).map((pattern) => secretArn(role, pattern));
      return resources.length === 0 ? [] : [new PolicyStatement({ actions: [...grant.actions], resources })];
    }
    case 'watchedQueues': {
      const { watchedQueues: queues } = targets;
      if (queues === undefined) throw new Error('queues are granted before there are any');
      return [
        new PolicyStatement({
          actions: [...grant.actions],
          resources: queues.map(({ queueArn }) => queueArn),
        }),
      ];
    }
    case 'queue': {
      const queue = targets.queues?.[grant.queue];
      if (queue === undefined) throw new Error(`${grant.queue}: granted before there is a queue`);
      return [new PolicyStatement({ actions: [...grant.actions], resources: [queue.queueArn] })];
    }
    case 'recorderTask':
      return grant.actions.flatMap((action) => ecsStatements(role, action, targets.recorder));
    case 'mergeTask':
      return grant.actions.flatMap((action) => ecsStatements(role, action, targets.merge));
  }
}

/** Secrets Manager adds a hyphen and six characters to a name. */
function secretArn(role: Role, pattern: string): string {
  return Stack.of(role).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: pattern.endsWith('*') ? pattern : `${pattern}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/**
 * Listing below the given prefixes. S3 asks for this right also when an object that is read does not exist (404, or 403
 * without it), and then it need not name a prefix: hence "if exists". Without it every first read would be refused.
 */
function listStatement(bucket: IBucket | Bucket, prefixes: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    ...(prefixes.includes('*') ? {} : { conditions: { StringLikeIfExists: { 's3:prefix': [...prefixes] } } }),
  });
}

function ecsStatements(role: Role, action: EcsAction, target: TaskTarget | undefined): PolicyStatement[] {
  if (target === undefined) throw new Error(`${action} is granted before there is a cluster`);
  const { cluster, taskDefinition } = target;
  const stack = Stack.of(role);
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const tasks = stack.formatArn({
    service: 'ecs',
    resource: 'task',
    resourceName: `${cluster.clusterName}/*`,
  });
  switch (action) {
    case 'ecs:RunTask':
      return [
        new PolicyStatement({
          actions: [action],
          // Any revision: during a deployment the function may still hold the one before.
          resources: [
            stack.formatArn({
              service: 'ecs',
              resource: 'task-definition',
              resourceName: `${taskDefinition.family}:*`,
            }),
          ],
          conditions: inCluster,
        }),
        new PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
        }),
      ];
    case 'ecs:TagResource':
      return [
        new PolicyStatement({
          actions: [action],
          resources: [tasks],
          conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
        }),
      ];
    case 'ecs:StopTask':
      return [new PolicyStatement({ actions: [action], resources: [tasks], conditions: inCluster })];
    case 'ecs:DescribeServices':
    case 'ecs:UpdateService':
      return [
        new PolicyStatement({
          actions: [action],
          resources: [
            stack.formatArn({
              service: 'ecs',
              resource: 'service',
              resourceName: `${cluster.clusterName}/*`,
            }),
          ],
        }),
      ];
    case 'ecs:UpdateTaskProtection':
      // Its tasks name the cluster.
      return [new PolicyStatement({ actions: [action], resources: [tasks] })];
    case 'ecs:DescribeTasks':
      return [new PolicyStatement({ actions: [action], resources: [tasks], conditions: inCluster })];
    case 'ecs:ListTasks':
      // IAM knows no narrower resource for it; the condition names the cluster.
      return [new PolicyStatement({ actions: [action], resources: ['*'], conditions: inCluster })];
  }
}
