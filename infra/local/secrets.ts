import { type SecretsServer, startSecretsServer } from '../emulators/secrets/server.ts';
import { PLAYBACK_KEY_ARN } from './place.ts';
import type { Ground } from './services.ts';

/** Hands functions the deployment's secrets. */
export async function startSecrets({ data, closers }: Ground): Promise<SecretsServer> {
  const secrets = new Map([[PLAYBACK_KEY_ARN, JSON.stringify(data.playbackKey())]]);
  const server = await startSecretsServer({ secrets });
  closers.add(() => server.close());
  return server;
}
