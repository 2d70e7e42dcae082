import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONSUMER_ACTIONS } from '../../../infra/grantStatements.ts';
import {
  ASSIGNMENTS,
  FUNCTIONS,
  type FunctionSpec,
  type Grant,
  MERGE_TASK,
  QUEUES,
  RECORDER_TASK,
} from '../../../infra/wiring.ts';
import { appsForTests, only, readable, synthesize } from './stacks.ts';

appsForTests();

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}
interface Role {
  readonly ManagedPolicyArns?: unknown[];
  readonly Policies?: unknown[];
}
interface PolicyProperties {
  readonly PolicyDocument: { readonly Statement: Statement[] };
  readonly Roles: { readonly Ref: string }[];
}

let template: Template;
/** Logical ids, as `readable` writes them, to the words of the expectations below. */
let words: ReadonlyMap<string, string>;

interface TaskDefinition {
  readonly Family: string;
  readonly TaskRoleArn: { 'Fn::GetAtt': [string, string] };
  readonly ExecutionRoleArn: { 'Fn::GetAtt': [string, string] };
}
const taskDefinitionOf = ({ containerName }: { readonly containerName: string }): TaskDefinition =>
  only<TaskDefinition>(template, 'AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ Name: containerName })],
  }).properties;

beforeAll(() => {
  template = synthesize();
  const id = (type: string, properties?: Record<string, unknown>) =>
    only<object>(template, type, properties).id;
  const library = id('AWS::S3::Bucket', { VersioningConfiguration: { Status: 'Enabled' } });
  const landing = Object.keys(template.findResources('AWS::S3::Bucket')).find((other) => other !== library);
  const cluster = id('AWS::ECS::Cluster');
  const [task, merge] = [taskDefinitionOf(RECORDER_TASK), taskDefinitionOf(MERGE_TASK)];
  words = new Map([
    [`<${landing}.Arn>`, 'landing'],
    [`<${library}.Arn>`, 'library'],
    [`<${id('AWS::Events::EventBus')}.Arn>`, 'eventBus'],
    [`<${cluster}.Arn>`, 'cluster'],
    [`<${id('AWS::SecretsManager::Secret')}>`, 'playback key'],
    [`task/<${cluster}>/*`, 'tasks of the cluster'],
    [`service/<${cluster}>/*`, 'services of the cluster'],
    [`task-definition/${task.Family}:*`, 'task definition'],
    [readable(task.TaskRoleArn), 'task role'],
    [readable(task.ExecutionRoleArn), 'execution role'],
    [`task-definition/${merge.Family}:*`, 'merge task definition'],
    [readable(merge.TaskRoleArn), 'merge task role'],
    [readable(merge.ExecutionRoleArn), 'merge execution role'],
    [`<${id('AWS::SQS::Queue', { RedrivePolicy: {} })}.Arn>`, 'relocate queue'],
    [
      readable(
        only<{ RedrivePolicy: { deadLetterTargetArn: unknown } }>(template, 'AWS::SQS::Queue', {
          RedrivePolicy: {},
        }).properties.RedrivePolicy.deadLetterTargetArn,
      ),
      'relocate dead letters',
    ],
    ...Object.entries({ ...QUEUES, assignments: ASSIGNMENTS }).map(
      ([name, { retentionSeconds }]): [string, string] => [
        `<${id('AWS::SQS::Queue', { MessageRetentionPeriod: retentionSeconds, VisibilityTimeout: Match.anyValue() })}.Arn>`,
        `${name} queue`,
      ],
    ),
    ['arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:', ''],
  ]);
});

function inWords(value: unknown): string {
  let text = readable(value);
  for (const [from, to] of words) text = text.replaceAll(from, to);
  return text.replaceAll(/<\w+Logs\w+\.Arn>/g, 'own log group');
}

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Each once: a right may be granted for two reasons, and CDK writes equal statements as one. */
const inOrder = (rights: readonly string[]): string[] => [...new Set(rights)].sort();

/** Everything a role may do, one line for each action and resource. */
function rightsOf(roleId: string): string[] {
  const role = template.findResources('AWS::IAM::Role')[roleId]?.Properties as Role;
  expect(role.ManagedPolicyArns, 'managed policies').toBeUndefined();
  expect(role.Policies, 'inline policies').toBeUndefined();
  const policies = Object.values(template.findResources('AWS::IAM::Policy'))
    .map((policy) => policy.Properties as PolicyProperties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === roleId));
  const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  const rights = statements.flatMap((statement) => {
    expect(statement.Effect).toBe('Allow');
    return listed(statement.Action).flatMap((action) =>
      listed(statement.Resource).map(
        (resource) => `${action} on ${inWords(resource)}${conditionInWords(statement)}`,
      ),
    );
  });
  return inOrder(rights);
}

function conditionInWords({ Condition }: Statement): string {
  return Object.entries(Condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(
        ([key, value]) => ` if ${key} ${operator} ${listed(value).map(inWords).join(' ')}`,
      ),
    )
    .join('');
}

const IN_CLUSTER = 'if ecs:cluster ArnEquals cluster';
const ECS_RIGHTS: Readonly<Record<string, readonly string[]>> = {
  'ecs:RunTask': [
    `ecs:RunTask on task definition ${IN_CLUSTER}`,
    'iam:PassRole on task role if iam:PassedToService StringEquals ecs-tasks.amazonaws.com',
    'iam:PassRole on execution role if iam:PassedToService StringEquals ecs-tasks.amazonaws.com',
  ],
  'ecs:TagResource': ['ecs:TagResource on tasks of the cluster if ecs:CreateAction StringEquals RunTask'],
  'ecs:StopTask': [`ecs:StopTask on tasks of the cluster ${IN_CLUSTER}`],
  'ecs:DescribeTasks': [`ecs:DescribeTasks on tasks of the cluster ${IN_CLUSTER}`],
  'ecs:DescribeServices': ['ecs:DescribeServices on services of the cluster'],
  'ecs:UpdateService': ['ecs:UpdateService on services of the cluster'],
  'ecs:UpdateTaskProtection': ['ecs:UpdateTaskProtection on tasks of the cluster'],
  'ecs:ListTasks': [`ecs:ListTasks on * ${IN_CLUSTER}`],
};

/** What the wiring says, in the same words. */
function granted(grants: readonly Grant[]): string[] {
  return grants.flatMap((grant): readonly string[] => {
    if ('list' in grant) {
      const condition = grant.list.includes('*')
        ? ''
        : ` if s3:prefix StringLikeIfExists ${grant.list.join(' ')}`;
      return [`s3:ListBucket on ${grant.on}${condition}`];
    }
    if ('uploads' in grant) return [`s3:ListBucketMultipartUploads on ${grant.on}`];
    switch (grant.on) {
      case 'recorderTask':
        return grant.actions.flatMap((action) => ECS_RIGHTS[action] ?? [`${action} is not expected`]);
      case 'mergeTask':
        return grant.actions.flatMap((action) =>
          (ECS_RIGHTS[action] ?? [`${action} is not expected`]).map((right) =>
            right.replace(/ on (task definition|task role|execution role) /, ' on merge $1 '),
          ),
        );
      case 'queue':
        return grant.actions.map((action) => `${action} on ${grant.queue} queue`);
      case 'watchedQueues':
        return grant.actions.flatMap((action) =>
          ['relocate queue', 'relocate dead letters', 'launch queue', 'settle queue'].map(
            (queue) => `${action} on ${queue}`,
          ),
        );
      case 'sourceSecrets':
        // There are none.
        return [];
      case 'playbackKey':
        return grant.actions.map((action) => `${action} on playback key`);
      case 'eventBus':
        return grant.actions.map((action) => `${action} on eventBus`);
      default:
        return grant.actions.flatMap((action) =>
          grant.keys.map((keys) => `${action} on ${grant.on}/${keys}`),
        );
    }
  });
}

const OWN_LOG = ['logs:CreateLogStream on own log group', 'logs:PutLogEvents on own log group'];
const CONSUMED: Readonly<Record<string, string>> = {
  relocate: 'relocate queue',
  ...Object.fromEntries(Object.entries(QUEUES).map(([name, queue]) => [queue.function, `${name} queue`])),
};
const consumed = (name: string): string[] =>
  CONSUMED[name] === undefined ? [] : CONSUMER_ACTIONS.map((action) => `${action} on ${CONSUMED[name]}`);

describe('each role has what the wiring grants, and nothing else', () => {
  it.each(Object.values<FunctionSpec>(FUNCTIONS))('$name', ({ name, description, grants }) => {
    const { properties } = only<{ Role: { 'Fn::GetAtt': [string, string] } }>(
      template,
      'AWS::Lambda::Function',
      { Description: description },
    );
    expect(rightsOf(properties.Role['Fn::GetAtt'][0])).toEqual(
      inOrder([...granted(grants), ...OWN_LOG, ...consumed(name)]),
    );
  });

  it.each([
    ['the recorder', RECORDER_TASK],
    ['what composes merges', MERGE_TASK],
  ])('%s', (_who, task) => {
    const { TaskRoleArn } = taskDefinitionOf(task);
    expect(rightsOf(TaskRoleArn['Fn::GetAtt'][0])).toEqual(inOrder(granted(task.grants)));
  });

  it.each([RECORDER_TASK, MERGE_TASK])(
    'the execution role: it pulls the one image and writes the log',
    (task) => {
      const { ExecutionRoleArn } = taskDefinitionOf(task);
      const rights = rightsOf(ExecutionRoleArn['Fn::GetAtt'][0]);
      const pulled = rights.filter((right) => /^ecr:\w+ on arn:/.test(right));
      expect(new Set(pulled.map((right) => right.split(' on ')[1])).size).toBe(1);
      expect(rights.filter((right) => !pulled.includes(right))).toEqual([
        'ecr:GetAuthorizationToken on *',
        ...OWN_LOG,
      ]);
      expect(pulled.map((right) => right.split(' ')[0])).toEqual([
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
      ]);
    },
  );
});

describe('all policies together', () => {
  it('belong to the roles above, or to the one that sets the bucket notification', () => {
    const owners = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
      (policy) => (policy.Properties as PolicyProperties).Roles,
    );
    const handler = owners.filter(({ Ref }) => Ref.startsWith('BucketNotificationsHandler'));
    expect(handler).toHaveLength(1);
    expect(rightsOfHandler()).toEqual(['s3:PutBucketNotification on landing']);
    expect(owners).toHaveLength(
      Object.keys(FUNCTIONS).length + 2 * ['task', 'execution'].length + ['handler'].length,
    );
  });

  it('let only roles of this stack be assumed by Lambda and ECS', () => {
    const principals = Object.values(template.findResources('AWS::IAM::Role')).flatMap((role) =>
      (role.Properties.AssumeRolePolicyDocument.Statement as { Principal: { Service: string } }[]).map(
        ({ Principal }) => Principal.Service,
      ),
    );
    expect(new Set(principals)).toEqual(new Set(['lambda.amazonaws.com', 'ecs-tasks.amazonaws.com']));
  });
});

function rightsOfHandler(): string[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .map((policy) => policy.Properties as PolicyProperties)
    .filter(({ Roles }) => Roles[0]?.Ref.startsWith('BucketNotificationsHandler'))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .map((statement) => `${String(statement.Action)} on ${inWords(statement.Resource)}`);
}
