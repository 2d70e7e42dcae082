import { createHmac } from 'node:crypto';
import { deadLettersOf } from '../emulators/queue/server.ts';
import {
  Access,
  ADMINISTRATOR_STATEMENTS,
  type Credentials,
  type Denial,
  type Identity,
} from '../emulators/shared/access.ts';
import type { Statement } from '../emulators/shared/policy.ts';
import { consumerStatement, type GrantArns, statementsOf, type TaskArns } from '../grantStatements.ts';
import { ON_RECORD_SCRIPT } from '../optionalFunctions.ts';
import {
  FUNCTIONS,
  type Grant,
  HOST_TASK,
  MERGE_TASK,
  QUEUES,
  RECORDER_TASK,
  RELOCATION,
} from '../wiring.ts';
import { ACCOUNT_ID, CLUSTER, EVENT_BUS, LANDING, LIBRARY, PLAYBACK_KEY_ARN, REGION } from './place.ts';

export interface RolesOptions {
  /** Of the deployment's owner: this machine's user, the tests and the command line. He may do everything. */
  readonly administrator: Credentials;
  /** Names of the secrets of sources. */
  readonly sourceSecrets: readonly string[];
  /** Of each endpoint that is told of events: its function's name, its queue's, and its secret's ARN. */
  readonly webhooks: readonly { readonly name: string; readonly secretArn: string }[];
  /** What a role may do instead of what the wiring grants it; tests take a right away. */
  readonly statementsOf?: ((role: string, granted: readonly Statement[]) => readonly Statement[]) | undefined;
  /** Told of each request that was refused for want of a right. */
  readonly onDenied: (denial: Denial) => void;
}

/**
 * The deployment's roles, as CDK makes them of the wiring: each function and each kind of task has credentials of its own, and
 * the statements of its grants.
 */
export class Roles {
  readonly access: Access;
  readonly #identities: ReadonlyMap<string, Identity>;

  constructor(options: RolesOptions) {
    const { administrator } = options;
    const arns = localArns(options.sourceSecrets);
    const granted = new Map<string, readonly Statement[]>([
      ...Object.values(FUNCTIONS).map(
        ({ name, grants }) => [name, functionStatements(name, grants, arns)] as const,
      ),
      [ON_RECORD_SCRIPT.name, statementsOf(ON_RECORD_SCRIPT.grants, arns)],
      ...[RECORDER_TASK, HOST_TASK, MERGE_TASK].map(
        ({ family, grants }) => [family, statementsOf(grants, arns)] as const,
      ),
      ...options.webhooks.map(
        ({ name, secretArn }) =>
          [
            name,
            [
              { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secretArn },
              consumerStatement(queueArn(name)),
            ],
          ] as const,
      ),
    ]);
    this.#identities = new Map(
      [...granted].map(([role, statements]) => [
        role,
        {
          arn: `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${role}/${role}`,
          credentials: roleCredentials(administrator, role),
          statements: options.statementsOf?.(role, statements) ?? statements,
        },
      ]),
    );
    const user = `arn:aws:iam::${ACCOUNT_ID}:user/administrator`;
    this.access = new Access(
      [
        { arn: user, credentials: administrator, statements: ADMINISTRATOR_STATEMENTS },
        ...this.#identities.values(),
      ],
      options.onDenied,
    );
  }

  /** @param role a function's name, or a task's family */
  credentials(role: string): Credentials {
    const identity = this.#identities.get(role);
    if (identity === undefined) throw new Error(`there is no role ${role}`);
    return identity.credentials;
  }
}

/** The wiring's grants, and what Lambda needs of the queue whose messages go to the function. */
function functionStatements(name: string, grants: readonly Grant[], arns: GrantArns): Statement[] {
  const consumed = [
    ...(RELOCATION.function === name ? [RELOCATION.function] : []),
    ...Object.entries(QUEUES).flatMap(([queue, { function: consumer }]) =>
      consumer === name ? [queue] : [],
    ),
  ];
  return [...statementsOf(grants, arns), ...consumed.map((queue) => consumerStatement(queueArn(queue)))];
}

/** The same at each start, so that links which were signed before go on to work. */
function roleCredentials(administrator: Credentials, role: string): Credentials {
  const derived = (what: string): Buffer =>
    createHmac('sha256', administrator.secretAccessKey).update(`${what} ${role}`).digest();
  return {
    accessKeyId: `ROLE${derived('key').toString('hex').toUpperCase().slice(0, 16)}`,
    secretAccessKey: derived('secret').toString('base64url'),
    sessionToken: derived('token').toString('base64url'),
  };
}

/** Of the task role and the execution role of a task definition. */
export const taskRoleArns = (family: string): string[] =>
  [family, `${family}-execution`].map((role) => `arn:aws:iam::${ACCOUNT_ID}:role/${role}`);

const queueArn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`;

/** Of what grants are on in this deployment. @param sourceSecrets names of secrets */
export function localArns(sourceSecrets: readonly string[]): GrantArns {
  const relocation = queueArn(RELOCATION.function);
  const queues = {
    launch: queueArn('launch'),
    settle: queueArn('settle'),
    clips: queueArn('clips'),
    assignments: queueArn('assignments'),
  };
  return {
    buckets: { landing: `arn:aws:s3:::${LANDING}`, library: `arn:aws:s3:::${LIBRARY}` },
    eventBus: `arn:aws:events:${REGION}:${ACCOUNT_ID}:event-bus/${EVENT_BUS}`,
    playbackKey: PLAYBACK_KEY_ARN,
    sourceSecrets,
    secretArn: (resourceName) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${resourceName}`,
    watchedQueues: [relocation, deadLettersOf(relocation), queues.launch, queues.settle],
    queues,
    recorder: taskArns(RECORDER_TASK.family),
    merge: taskArns(MERGE_TASK.family),
  };
}

function taskArns(family: string): TaskArns {
  const prefix = `arn:aws:ecs:${REGION}:${ACCOUNT_ID}`;
  return {
    cluster: `${prefix}:cluster/${CLUSTER}`,
    tasks: `${prefix}:task/${CLUSTER}/*`,
    services: `${prefix}:service/${CLUSTER}/*`,
    definitions: `${prefix}:task-definition/${family}:*`,
    roles: taskRoleArns(family),
  };
}
