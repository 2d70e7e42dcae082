import { startSecretsManager } from '../emulators/secrets/manager.ts';
import { startSecretsServer } from '../emulators/secrets/server.ts';
import { ACCOUNT_ID, PLAYBACK_KEY_ARN, REGION } from './place.ts';
import type { Ground } from './services.ts';
import { type LocalWebhook, webhookName } from './webhookSettings.ts';

/** Of the secret that signs what an endpoint is told. */
export function webhookSecretArn(webhook: LocalWebhook): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${webhookName(webhook)}`;
}

export interface Secrets {
  /** Of the extension beside a function. */
  readonly port: number;
  /** Of Secrets Manager, for recorders. */
  readonly managerUrl: string;
}

/** Hands functions the deployment's secrets, and recorders those of sources. */
export async function startSecrets({ options, data, closers, onDefect }: Ground): Promise<Secrets> {
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
  const server = await startSecretsServer({ secrets });
  closers.add(() => server.close());
  const ofSources = Object.entries(options.sourceSecrets ?? {});
  const manager = await startSecretsManager({
    secrets: new Map(ofSources.map(([name, values]) => [name, JSON.stringify(values)])),
    onDefect,
  });
  closers.add(() => manager.close());
  return { port: server.port, managerUrl: manager.url };
}
