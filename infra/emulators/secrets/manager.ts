import * as z from 'zod';
import { AwsError, type JsonService, operation, serveAwsJson } from '../shared/awsJson.ts';
import { Faults } from '../shared/faults.ts';

export interface SecretsManagerOptions {
  /** What each secret holds, by its name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly faults?: Faults;
  /** Told of defects: what the endpoint itself threw. */
  readonly onDefect: (error: unknown) => void;
}

const getSecretValue = z.object({ SecretId: z.string().min(1).max(2048) });

/** The embedded Secrets Manager: GetSecretValue by a secret's name, over AWS's JSON 1.1. SigV4 is not verified. */
export function startSecretsManager(options: SecretsManagerOptions): Promise<JsonService> {
  return serveAwsJson({
    service: 'secretsmanager',
    targetPrefix: 'secretsmanager',
    faults: options.faults ?? new Faults(),
    onDefect: options.onDefect,
    operations: {
      GetSecretValue: operation(getSecretValue, 'ValidationException', {
        reads: true,
        target: ({ SecretId }) => SecretId,
        run: ({ SecretId }) => {
          const secret = options.secrets.get(SecretId);
          if (secret !== undefined)
            return { Name: SecretId, SecretString: secret, VersionStages: ['AWSCURRENT'] };
          const message = "Secrets Manager can't find the specified secret.";
          throw new AwsError('ResourceNotFoundException', message);
        },
      }),
    },
  });
}
