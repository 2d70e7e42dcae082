import { startSecretsManager } from '../emulators/secrets/manager.ts';
import { startSecretsServer } from '../emulators/secrets/server.ts';
import type { Ground } from './ground.ts';
import { ACCOUNT_ID, PLAYBACK_KEY_ARN, REGION } from './place.ts';
import { webhookSecretArn } from './secretArns.ts';

export interface Secrets {
  /** Of the extension beside a function. */
  readonly port: number;
  /** Of Secrets Manager, for recorders. */
  readonly managerUrl: string;
}

/** Hands functions the deployment's secrets, and recorders those of sources. */
export async function startSecrets({ options, data, roles, closers, onDefect }: Ground): Promise<Secrets> {
  const held: readonly (readonly [string, object])[] = [
    [PLAYBACK_KEY_ARN, data.playbackKey()],
    ...(options.webhooks ?? []).map((webhook) => {
      const { secret, previous } = webhook;
      return [
        webhookSecretArn(webhook),
        { secret, ...(previous === undefined ? {} : { previous }) },
      ] as const;
    }),
  ];
  const secrets = new Map(held.map(([arn, value]) => [arn, JSON.stringify(value)]));
  const server = await startSecretsServer({ secrets, access: roles.access });
  closers.add(() => server.close());
  const ofSources = Object.entries(options.sourceSecrets ?? {});
  const manager = await startSecretsManager({
    secrets: new Map(ofSources.map(([name, values]) => [name, JSON.stringify(values)])),
    region: REGION,
    accountId: ACCOUNT_ID,
    access: roles.access,
    onDefect,
  });
  closers.add(() => manager.close());
  return { port: server.port, managerUrl: manager.url };
}
