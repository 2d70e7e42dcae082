import * as z from 'zod/mini';

const valuesSchema = z.record(z.string(), z.string());

/** What Secrets Manager says of a secret that is not there, is to be deleted, or may not be read. */
const REFUSALS = [
  'ResourceNotFoundException',
  'AccessDeniedException',
  'InvalidRequestException',
  'DecryptionFailure',
];

/** Reads what a source's secret holds: JSON, an object of texts. */
export type ReadSourceSecret = (name: string) => Promise<Readonly<Record<string, string>> | undefined>;

/**
 * By the recorder's own role. The client is loaded for recordings that need it.
 * @returns undefined for a secret that is not there, may not be read, or is no object of texts
 * @throws what else the SDK throws, after its retries
 */
export const readSourceSecret: ReadSourceSecret = async (name) => {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient();
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return valuesSchema.safeParse(parseJson(SecretString)).data;
  } catch (error) {
    if (error instanceof Error && REFUSALS.includes(error.name)) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
