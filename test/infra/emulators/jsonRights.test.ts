import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it } from 'vitest';
import { startEcsServer } from '../../../infra/emulators/ecs/server.ts';
import { startEventsServer } from '../../../infra/emulators/events/server.ts';
import { Queue } from '../../../infra/emulators/queue/queue.ts';
import { startQueueServer } from '../../../infra/emulators/queue/server.ts';
import { startSecretsManager } from '../../../infra/emulators/secrets/manager.ts';
import { startSecretsServer } from '../../../infra/emulators/secrets/server.ts';
import { Access, type Credentials, type Identity } from '../../../infra/emulators/shared/access.ts';
import type { Statement } from '../../../infra/emulators/shared/policy.ts';

const [region, accountId] = ['us-east-1', '000000000000'];
const on = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;
const CLUSTER = on('ecs', 'cluster/c');
const TASK = on('ecs', 'task/c/t1');
const SERVICE = on('ecs', 'service/c/s');
const QUEUE = on('sqs', 'q');
const ROLES = ['task', 'execution'].map((name) => `arn:aws:iam::${accountId}:role/${name}`);
const SECRET = on('secretsmanager', 'secret:media/reader');

interface Needed {
  readonly action: string;
  readonly resource: string;
  readonly condition?: Readonly<Record<string, string>>;
}
const IN_CLUSTER = { 'ecs:cluster': CLUSTER };
const PASSED = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };

const identity = (name: string, statements: readonly Statement[]): Identity => ({
  arn: `arn:aws:sts::${accountId}:assumed-role/${name}/session`,
  credentials: { accessKeyId: name, secretAccessKey: 'secret', sessionToken: `token of ${name}` },
  statements,
});
const allow = ({ action, resource, condition }: Needed): Statement => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  ...(condition && { Condition: { StringEquals: condition } }),
});

const FARGATE = {
  launchType: 'FARGATE' as const,
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
};

type Call = (credentials: Credentials) => Promise<unknown>;
/** Of each operation, what it needs. */
const OPERATIONS: readonly (readonly [name: string, needed: readonly Needed[], call: Call])[] = [
  [
    'SendMessage',
    [sqs('SendMessage')],
    (by) => queueClient(by).send(new SendMessageCommand({ ...q(), MessageBody: 'a' })),
  ],
  ['ReceiveMessage', [sqs('ReceiveMessage')], (by) => queueClient(by).send(new ReceiveMessageCommand(q()))],
  [
    'DeleteMessage',
    [sqs('DeleteMessage')],
    (by) => queueClient(by).send(new DeleteMessageCommand({ ...q(), ReceiptHandle: crypto.randomUUID() })),
  ],
  [
    'ChangeMessageVisibility',
    [sqs('ChangeMessageVisibility')],
    (by) =>
      queueClient(by).send(
        new ChangeMessageVisibilityCommand({
          ...q(),
          ReceiptHandle: crypto.randomUUID(),
          VisibilityTimeout: 1,
        }),
      ),
  ],
  [
    'GetQueueAttributes of dead letters',
    [{ action: 'sqs:GetQueueAttributes', resource: `${QUEUE}-dead-letters` }],
    (by) => queueClient(by).send(new GetQueueAttributesCommand({ QueueUrl: `${q().QueueUrl}-dead-letters` })),
  ],
  [
    'PutEvents',
    [{ action: 'events:PutEvents', resource: on('events', 'event-bus/b') }],
    (by) =>
      bridge(by).send(
        new PutEventsCommand({
          Entries: [{ EventBusName: 'b', Source: 's', DetailType: 'd', Detail: '{}' }],
        }),
      ),
  ],
  [
    'RunTask',
    [
      { action: 'ecs:RunTask', resource: on('ecs', 'task-definition/f:1'), condition: IN_CLUSTER },
      ...ROLES.map((resource) => ({ action: 'iam:PassRole', resource, condition: PASSED })),
      {
        action: 'ecs:TagResource',
        resource: on('ecs', 'task/c/*'),
        condition: { 'ecs:CreateAction': 'RunTask' },
      },
    ],
    (by) =>
      ecs(by).send(
        new RunTaskCommand({
          cluster: 'c',
          taskDefinition: 'f',
          ...FARGATE,
          propagateTags: 'TASK_DEFINITION',
        }),
      ),
  ],
  [
    'StopTask',
    [inCluster('StopTask', TASK)],
    (by) => ecs(by).send(new StopTaskCommand({ cluster: 'c', task: 't1' })),
  ],
  [
    'DescribeTasks',
    [inCluster('DescribeTasks', TASK)],
    (by) => ecs(by).send(new DescribeTasksCommand({ cluster: 'c', tasks: [TASK] })),
  ],
  ['ListTasks', [inCluster('ListTasks', '*')], (by) => ecs(by).send(new ListTasksCommand({ cluster: 'c' }))],
  [
    'DescribeServices',
    [inCluster('DescribeServices', SERVICE)],
    (by) => ecs(by).send(new DescribeServicesCommand({ cluster: 'c', services: ['s'] })),
  ],
  [
    'UpdateService',
    [inCluster('UpdateService', SERVICE)],
    (by) => ecs(by).send(new UpdateServiceCommand({ cluster: 'c', service: SERVICE, desiredCount: 0 })),
  ],
  [
    'GetSecretValue',
    [{ action: 'secretsmanager:GetSecretValue', resource: `${SECRET}-??????` }],
    (by) => secretsClient(by).send(new GetSecretValueCommand({ SecretId: 'media/reader' })),
  ],
];
const all = OPERATIONS.flatMap(([name, needed], at) =>
  needed.map((without, which) => ({ name, needed, without, at, role: `without${at}x${which}` })),
);

const access = new Access([
  ...OPERATIONS.map(([, needed], at) => identity(`all${at}`, needed.map(allow))),
  ...all.map(({ role, needed, without }) =>
    identity(role, needed.filter((one) => one !== without).map(allow)),
  ),
  identity('protected', [allow(inCluster('UpdateTaskProtection', on('ecs', 'task/c/*')))]),
  identity('unprotected', []),
  identity('reader', [allow({ action: 'secretsmanager:GetSecretValue', resource: SECRET })]),
  identity('root', [allow({ action: '*', resource: '*' })]),
]);
const credentialsOf = (accessKeyId: string): Credentials => ({
  accessKeyId,
  secretAccessKey: 'secret',
  sessionToken: `token of ${accessKeyId}`,
});

const folder = mkdtempSync(path.join(tmpdir(), 'rights-'));
const queue = new Queue({
  region,
  accountId,
  file: path.join(folder, 'q.jsonl'),
  name: 'q',
  visibilityTimeoutMs: 1_000,
});
const sqsServer = await startQueueServer({ accountId, queues: [queue], access });
const eventsServer = await startEventsServer({ region, accountId, busNames: ['b'], access });
const definition = (family: string, accessKeyId: string) => ({
  family,
  revision: 1,
  containerName: 'main',
  command: ['/bin/sh', '-c', 'echo $ECS_AGENT_URI; exec sleep 600'],
  environment: { AWS_ACCESS_KEY_ID: accessKeyId },
  roleArns: ROLES,
  stopTimeoutMs: 1_000,
});
const printed = new EventEmitter();
const ecsServer = await startEcsServer({
  region,
  accountId,
  clusterName: 'c',
  taskDefinitions: [definition('f', 'unprotected'), definition('g', 'protected')],
  services: [{ name: 's', taskDefinition: 'f', desiredCount: 0 }],
  launchDelayMs: 600_000,
  access,
  onTaskOutput: (_taskId, _stream, line) => printed.emit('line', line),
});
const manager = await startSecretsManager({
  secrets: new Map([['media/reader', '{}']]),
  access,
  onDefect: (error) => console.error(error),
});
const extension = await startSecretsServer({ secrets: new Map([[SECRET, '{}']]), access });
const clients: { destroy(): void }[] = [];
afterAll(async () => {
  for (const client of clients) client.destroy();
  await ecsServer.close({ graceMs: 0 });
  await Promise.all([sqsServer, eventsServer, manager, extension].map((server) => server.close()));
  queue.close();
  rmSync(folder, { recursive: true });
});

function sqs(action: string): Needed {
  return { action: `sqs:${action}`, resource: QUEUE };
}
function inCluster(action: string, resource: string): Needed {
  return { action: `ecs:${action}`, resource, condition: IN_CLUSTER };
}
const q = () => ({ QueueUrl: sqsServer.queueUrl('q') });
function kept<Client extends { destroy(): void }>(client: Client): Client {
  clients.push(client);
  return client;
}
const at = (endpoint: string, credentials: Credentials) => ({
  endpoint,
  region,
  credentials,
  maxAttempts: 1,
});
const queueClient = (by: Credentials) => kept(new SQSClient(at(sqsServer.url, by)));
const bridge = (by: Credentials) => kept(new EventBridgeClient(at(eventsServer.url, by)));
const ecs = (by: Credentials) => kept(new ECSClient(at(ecsServer.url, by)));
const secretsClient = (by: Credentials) => kept(new SecretsManagerClient(at(manager.url, by)));

/** What a call was refused with; undefined if it was not. */
const refusal = (attempt: Promise<unknown>): Promise<Error | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

it.each(OPERATIONS.map(([name, , call], index) => ({ name, call, role: `all${index}` })))(
  '$name needs no more than its rights',
  async ({ call, role }) => {
    const refused = await refusal(call(credentialsOf(role)));
    expect(refused?.name).not.toBe('AccessDeniedException');
  },
);

it.each(all)('$name needs $without.action on $without.resource', async ({ at: index, without, role }) => {
  const call = OPERATIONS[index]?.[2];
  const refused = await refusal(Promise.resolve(call?.(credentialsOf(role))));
  expect(refused?.name).toBe('AccessDeniedException');
  expect(refused?.message).toContain(
    `User: arn:aws:sts::${accountId}:assumed-role/${role}/session is not authorized to perform: ${without.action} on resource: `,
  );
});

describe('a caller', () => {
  it.each([
    ['with an unknown key', credentialsOf('nobody')],
    ['with the token of another', { ...credentialsOf('all0'), sessionToken: 'token of all1' }],
    ['without a token', { accessKeyId: 'all0', secretAccessKey: 'secret' }],
  ])('%s is refused', async (_what, by) => {
    const attempt = queueClient(by).send(new SendMessageCommand({ ...q(), MessageBody: 'a' }));
    expect((await refusal(attempt))?.name).toBe('UnrecognizedClientException');
  });

  it('who signs nothing is refused', async () => {
    const headers = { 'x-amz-target': 'AmazonSQS.SendMessage' };
    const answer = await fetch(sqsServer.url, { method: 'POST', headers, body: '{}' });
    expect(await answer.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  });
});

describe('the extension that hands out secrets', () => {
  const secretFor = (token: string) =>
    fetch(`http://localhost:${extension.port}/secretsmanager/get?secretId=${encodeURIComponent(SECRET)}`, {
      headers: { 'x-aws-parameters-secrets-token': token },
    });

  it.each([
    ['hands one to the role that may have it', 'reader', 200],
    // Its right is on the name with six characters more.
    ['refuses a role that may have another', `all${OPERATIONS.length - 1}`, 400],
    ['does not know the token of nobody', 'nobody', 401],
  ])('%s', async (_what, role, status) => {
    expect((await secretFor(`token of ${role}`)).status).toBe(status);
  });
});

it.each([
  ['f', { error: { Code: 'AccessDeniedException' } }],
  // It belongs to no service.
  ['g', { failure: { Reason: 'TASK_NOT_VALID' } }],
])('a task is protected with the rights of its own role: %s', async (taskDefinition, expected) => {
  ecsServer.simulation.launchDelayMs = 0;
  const line = once(printed, 'line');
  await ecs(credentialsOf('root')).send(new RunTaskCommand({ cluster: 'c', taskDefinition, ...FARGATE }));
  const [agentUri] = await line;
  const answer = await fetch(`${agentUri}/task-protection/v1/state`, {
    method: 'PUT',
    body: JSON.stringify({ ProtectionEnabled: true }),
  });
  expect(await answer.json()).toMatchObject(expected);
});
