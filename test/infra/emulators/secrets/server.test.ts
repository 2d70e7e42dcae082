import { afterAll, expect, it } from 'vitest';
import { startSecretsServer } from '../../../../infra/emulators/secrets/server.ts';

const server = await startSecretsServer({ secrets: new Map([['arn:aws:one', '{"key":"value"}']]) });
afterAll(() => server.close());

const ask = (path: string, headers: Record<string, string>) =>
  fetch(`http://localhost:${server.port}${path}`, { headers });
const TOKEN = { 'x-aws-parameters-secrets-token': '' };

it('hands out the secret with this ARN', async () => {
  const answer = await ask('/secretsmanager/get?secretId=arn%3Aaws%3Aone', TOKEN);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ ARN: 'arn:aws:one', SecretString: '{"key":"value"}' });
});

it('refuses whoever has no token, another secret and another path', async () => {
  expect((await ask('/secretsmanager/get?secretId=arn%3Aaws%3Aone', {})).status).toBe(401);
  expect((await ask('/secretsmanager/get?secretId=arn%3Aaws%3Atwo', TOKEN)).status).toBe(400);
  expect((await ask('/systemsmanager/parameters/get?name=x', TOKEN)).status).toBe(404);
});
