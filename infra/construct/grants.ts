import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Cluster, TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type GrantArns, statementsOf, type TaskArns } from '../grantStatements.ts';
import type { BucketName, Grant, QueueName } from '../wiring.ts';
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
  for (const statement of statementsOf(grants, arnsOf(role, targets))) {
    role.addToPolicy(PolicyStatement.fromJson(statement));
    acknowledgeWildcards(role, statement.Resource, WHY_WILDCARDS);
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

/** ARNs of the targets, in the role's own stack. */
function arnsOf(role: Role, targets: GrantTargets): GrantArns {
  const { playbackKey, watchedQueues, queues, recorder, merge } = targets;
  return {
    buckets: {
      landing: targets.buckets.landing.bucketArn,
      library: targets.buckets.library.bucketArn,
    },
    eventBus: targets.eventBus.eventBusArn,
    playbackKey: playbackKey?.secretArn,
    sourceSecrets: targets.sourceSecrets ?? [],
    secretArn: (resourceName) =>
      Stack.of(role).formatArn({
        service: 'secretsmanager',
        resource: 'secret',
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    watchedQueues: watchedQueues?.map(({ queueArn }) => queueArn),
    queues: queues && {
      launch: queues.launch.queueArn,
      settle: queues.settle.queueArn,
      clips: queues.clips.queueArn,
      assignments: queues.assignments.queueArn,
    },
    recorder: recorder && taskArns(role, recorder),
    merge: merge && taskArns(role, merge),
  };
}

function taskArns(role: Role, { cluster, taskDefinition }: TaskTarget): TaskArns {
  const arnOf = (resource: string, resourceName: string): string =>
    Stack.of(role).formatArn({ service: 'ecs', resource, resourceName });
  return {
    cluster: cluster.clusterArn,
    tasks: arnOf('task', `${cluster.clusterName}/*`),
    services: arnOf('service', `${cluster.clusterName}/*`),
    definitions: arnOf('task-definition', `${taskDefinition.family}:*`),
    roles: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
  };
}
