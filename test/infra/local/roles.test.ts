import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTaskRequest } from '../../../infra/emulators/ecs/requests.ts';
import { EcsRights } from '../../../infra/emulators/ecs/rights.ts';
import type { Right, Statement } from '../../../infra/emulators/shared/policy.ts';
import { statementsOf } from '../../../infra/grantStatements.ts';
import { ACCOUNT_ID, CLUSTER, REGION } from '../../../infra/local/place.ts';
import { localArns, Roles, taskRoleArns } from '../../../infra/local/roles.ts';
import { type Runtime, startRuntime } from '../../../infra/local/runtime.ts';
import { FUNCTIONS, HOST_TASK, MERGE_TASK, RECORDER_TASK } from '../../../infra/wiring.ts';
import { CLIP_MAKING_GRANTS } from '../../../infra/wiringClips.ts';
import { waitFor } from '../../support/children.ts';
import { refuseDenials } from '../../support/denials.ts';

const ADMINISTRATOR = { accessKeyId: 'ROOT', secretAccessKey: 'root-secret' };
const rolesOf = (secretAccessKey = ADMINISTRATOR.secretAccessKey) =>
  new Roles({
    administrator: { ...ADMINISTRATOR, secretAccessKey },
    sourceSecrets: ['media/reader'],
    webhooks: [],
    onDenied: () => undefined,
  });
const ALL = [...Object.keys(FUNCTIONS), RECORDER_TASK.family, HOST_TASK.family, MERGE_TASK.family];

/** The first of the rights that a role has not. */
function denied(role: string, rights: readonly Right[]): Right | undefined {
  const roles = rolesOf();
  return roles.access.denied(roles.credentials(role).accessKeyId, rights)?.right;
}

describe('each function and each kind of task', () => {
  it('has credentials of its own, the same at the next start of the same deployment', () => {
    const keys = ALL.map((role) => rolesOf().credentials(role));
    expect(ALL.map((role) => rolesOf().credentials(role))).toEqual(keys);
    const others = ALL.map((role) => rolesOf('other').credentials(role));
    const values = [...keys, ...others].flatMap((credentials) => Object.values(credentials));
    expect(new Set(values).size).toBe(values.length);
  });

  it.each([
    [RECORDER_TASK.family, 's3:PutObject', 'arn:aws:s3:::landing/records/a', true],
    [RECORDER_TASK.family, 's3:DeleteObject', 'arn:aws:s3:::landing/records/a', false],
    [RECORDER_TASK.family, 's3:GetObject', 'arn:aws:s3:::library/a', false],
    [
      RECORDER_TASK.family,
      'secretsmanager:GetSecretValue',
      'arn:aws:secretsmanager:us-east-1:000000000000:secret:media/reader-a1b2c3',
      true,
    ],
    ['relocate', 'sqs:ChangeMessageVisibility', 'arn:aws:sqs:us-east-1:000000000000:relocate', true],
    ['relocate', 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:000000000000:launch', false],
    ['notFound', 's3:GetObject', 'arn:aws:s3:::library/a', false],
  ])('may do what the wiring grants it, and nothing else: %s %s %s: %s', (role, action, resource, may) => {
    expect(denied(role, [{ action, resource }]) === undefined).toBe(may);
  });
});

it.each([
  ['launch', RECORDER_TASK.family],
  ['cut', MERGE_TASK.family],
])('%s may run tasks of %s, and of no other', (role, family) => {
  const arnPrefix = `arn:aws:ecs:${REGION}:${ACCOUNT_ID}`;
  const rights = new EcsRights({
    ...{ arnPrefix, clusterName: CLUSTER, clusterArn: `${arnPrefix}:cluster/${CLUSTER}` },
    definition: (name) => ({
      ...{ family: name, revision: 1, containerName: 'c', command: [], environment: {}, stopTimeoutMs: 1 },
      roleArns: taskRoleArns(name),
    }),
    definitionArn: (definition) => `${arnPrefix}:task-definition/${definition.family}:1`,
  });
  const run = (taskDefinition: string) =>
    rights.runTask(runTaskRequest.parse({ taskDefinition, propagateTags: 'TASK_DEFINITION' }));
  expect(denied(role, run(family))).toBeUndefined();
  expect(denied(role, run(HOST_TASK.family))?.action).toBe('ecs:RunTask');
  // Roles of another task are not passed on either.
  expect(denied(role, run(HOST_TASK.family).slice(1))?.action).toBe('iam:PassRole');
});

/** A resource that a pattern is for. */
const sampleOf = (pattern: string): string => pattern.replaceAll('*', 'x').replaceAll('?', 'x');

it('reconcile may do all that making a clip takes, since it makes those that were not made', () => {
  const granted: Statement[] = statementsOf(CLIP_MAKING_GRANTS, localArns([]));
  for (const { Action, Resource, Condition } of granted) {
    const prefixes = [Condition?.StringLikeIfExists?.['s3:prefix'] ?? []].flat();
    const contexts = prefixes.length === 0 ? [{}] : prefixes.map((one) => ({ 's3:prefix': sampleOf(one) }));
    for (const action of [Action].flat())
      for (const pattern of [Resource].flat())
        for (const context of contexts) {
          const right = { action, resource: sampleOf(pattern), context };
          expect(denied('reconcile', [right])).toBeUndefined();
        }
  }
});

describe('a right that a role lacks', () => {
  let folder: string;
  let lines: string[];
  let runtime: Runtime | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'roles-'));
    lines = [];
  });
  afterEach(async () => {
    await runtime?.close({ graceMs: 0 });
    await rm(folder, { recursive: true, force: true });
  });

  /** The runtime whose role lacks an action. */
  async function startWithout(role: string, action: string): Promise<Runtime> {
    const without = (granted: readonly Statement[]) =>
      granted.map((statement) => ({
        ...statement,
        Action: [statement.Action].flat().filter((one) => one !== action),
      }));
    runtime = await startRuntime({
      dataDir: path.join(folder, 'data'),
      ingest: false,
      reconcilesAtStart: false,
      onLog: (source, line) => lines.push(`${source} ${line}`),
      statementsOf: (name, granted) => (name === role ? without(granted) : granted),
    });
    return runtime;
  }
  const put = ({ apiUrl }: Runtime, stream: string) =>
    fetch(`${apiUrl}/streams/${stream}`, {
      method: 'PUT',
      body: JSON.stringify({ name: stream, sourceUrl: 'rtmp://127.0.0.1:1/live/a' }),
    });
  const deniedTo = (role: string, action: string, resource: string): string =>
    `User: arn:aws:sts::000000000000:assumed-role/${role}/${role} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;

  it('of a function fails its call as in AWS, and is told; others go on', async () => {
    const started = await startWithout('streams', 's3:PutObject');
    expect((await put(started, 'a')).status).toBe(500);
    const [denial] = started.denials();
    expect(denial).toBe(deniedTo('streams', 's3:PutObject', 'arn:aws:s3:::landing/state/listed/a.json'));
    expect(lines.filter((line) => line.startsWith('runtime') && line.includes('not authorized'))).not.toEqual(
      [],
    );
    expect(() => refuseDenials(started)).toThrow('requests were denied:');
    expect((await fetch(`${started.apiUrl}/recordings`)).status).toBe(200);
  }, 180_000);

  it('of a recorder is told, and its recording does not begin', async () => {
    const started = await startWithout(RECORDER_TASK.family, 's3:PutObject');
    expect((await put(started, 'a')).status).toBe(200);
    await fetch(`${started.apiUrl}/rest-api/stream/startRecording`, {
      method: 'POST',
      body: JSON.stringify({ mediaSessionId: 'a' }),
    });
    const [denial] = await waitFor(
      'the recorder to be denied its claim',
      () => (started.denials().length > 0 ? started.denials() : undefined),
      { timeoutMs: 150_000 },
    );
    expect(denial).toContain(`assumed-role/${RECORDER_TASK.family}/`);
    expect(denial).toContain('s3:PutObject on resource: arn:aws:s3:::landing/state/recordings/');
    expect(denial).toContain('/attempts/1/claim.json');
  }, 180_000);
});
