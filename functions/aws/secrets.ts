import * as z from 'zod/mini';

const answerSchema = z.object({ SecretString: z.string() });
const DEFAULT_PORT = 2773;

/**
 * A secret of Secrets Manager that is JSON, by AWS's extension beside the function, which keeps it for 5 minutes.
 * @throws Error that says nothing of the secret
 */
export async function readSecret<T>(secretArn: string, schema: z.ZodMiniType<T>): Promise<T> {
  const port = process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT ?? DEFAULT_PORT;
  const answer = await fetch(
    `http://localhost:${port}/secretsmanager/get?secretId=${encodeURIComponent(secretArn)}`,
    { headers: { 'x-aws-parameters-secrets-token': process.env.AWS_SESSION_TOKEN ?? '' } },
  );
  if (!answer.ok) throw new Error(`the secret could not be read: ${answer.status}`);
  const { SecretString } = answerSchema.parse(await answer.json());
  const parsed = schema.safeParse(parseJson(SecretString));
  if (!parsed.success) throw new Error('the secret is not JSON of the fields that are needed');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
