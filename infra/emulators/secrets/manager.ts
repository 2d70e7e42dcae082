import * as z from 'zod';
import type { Access } from '../shared/access.ts';
import { AwsError, type JsonService, operation, serveAwsJson } from '../shared/awsJson.ts';
import { Faults } from '../shared/faults.ts';

export interface SecretsManagerOptions {
  /** What each secret holds, by its name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly region?: string;
  readonly accountId?: string;
  /** Who there is, and what each may do; without it everybody may do everything. */
  readonly access?: Access;
  readonly faults?: Faults;
  /** Told of defects: what the endpoint itself threw. */
  readonly onDefect: (error: unknown) => void;
}

const ARN_SUFFIX = '-a1b2c3';

const getSecretValue = z.object({ SecretId: z.string().min(1).max(2048) });

/** The embedded Secrets Manager: GetSecretValue by a secret's name, over AWS's JSON 1.1. */
export function startSecretsManager(options: SecretsManagerOptions): Promise<JsonService> {
  const { region = 'us-east-1', accountId = '000000000000', secrets } = options;
  /** With a hyphen and six characters, which Secrets Manager adds to a name. */
  const arnOf = (name: string): string =>
    `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}${secrets.has(name) ? ARN_SUFFIX : ''}`;
  return serveAwsJson({
    service: 'secretsmanager',
    targetPrefix: 'secretsmanager',
    faults: options.faults ?? new Faults(),
    onDefect: options.onDefect,
    access: options.access,
    operations: {
      GetSecretValue: operation(getSecretValue, 'ValidationException', {
        reads: true,
        target: ({ SecretId }) => SecretId,
        // "Actions, resources, and condition keys for AWS Secrets Manager".
        rights: ({ SecretId }) => [{ action: 'secretsmanager:GetSecretValue', resource: arnOf(SecretId) }],
        run: ({ SecretId }) => {
          const secret = secrets.get(SecretId);
          if (secret !== undefined)
            return { Name: SecretId, SecretString: secret, VersionStages: ['AWSCURRENT'] };
          const message = "Secrets Manager can't find the specified secret.";
          throw new AwsError('ResourceNotFoundException', message);
        },
      }),
    },
  });
}
