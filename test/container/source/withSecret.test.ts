import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { withSecret } from '../../../container/source/withSecret.ts';
import { readSourceSecret } from '../../../functions/aws/sourceSecrets.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { startSecretsManager } from '../../../infra/emulators/secrets/manager.ts';
import type { JsonService } from '../../../infra/emulators/shared/awsJson.ts';
import { Faults } from '../../../infra/emulators/shared/faults.ts';

const faults = new Faults();
let manager: JsonService;

beforeAll(async () => {
  manager = await startSecretsManager({
    secrets: new Map([
      ['cameras/lobby', '{"username":"guard","password":"p@ss/word"}'],
      ['cameras/bound', '{"username":"guard","password":"p@ss/word","host":"Camera.example"}'],
      ['cameras/text', 'not JSON'],
      ['cameras/number', '{"username":1,"password":"x"}'],
    ]),
    faults,
    onDefect: console.error,
  });
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', manager.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await manager.close();
});

const job = (secret?: string, url = 'rtsp://{username}:{password}@camera.example/1'): Job => ({
  recordingId: 'r',
  mediaSessionId: 'm',
  requestedAtMs: 1,
  requestId: 'q',
  source: { url, ...(secret === undefined ? {} : { secret }) },
  stream: { name: 'm' },
  settings: DEFAULT_SETTINGS,
});

it("puts the secret's values into the source's URL", async () => {
  const opened = await withSecret(job('cameras/lobby'), readSourceSecret);
  expect(opened).toEqual({
    job: {
      ...job('cameras/lobby'),
      source: { secret: 'cameras/lobby', url: 'rtsp://guard:p%40ss%2Fword@camera.example/1' },
    },
  });
});

it('gives what is for one host to that host', async () => {
  const opened = await withSecret(job('cameras/bound'), readSourceSecret);
  expect(opened).toMatchObject({ job: { source: { url: 'rtsp://guard:p%40ss%2Fword@camera.example/1' } } });
});

it('reads nothing for a source that names none', async () => {
  const asked = await withSecret(job(), () => Promise.reject(new Error('was asked')));
  expect(asked).toEqual({ job: job() });
});

it.each([
  ['is not there', 'cameras/gone', undefined],
  ['is not JSON', 'cameras/text', undefined],
  ['is no object of texts', 'cameras/number', undefined],
  ['lacks a value', 'cameras/lobby', 'rtsp://{user}@camera.example/1'],
  ['is for another host', 'cameras/bound', 'rtsp://{username}:{password}@camera.example.evil.example/1'],
])(
  'ends the recording where the secret %s, and says nothing of what is in it',
  async (_what, secret, url) => {
    const opened = await withSecret(job(secret, url), readSourceSecret);
    expect(opened).toMatchObject({ reason: { code: 'source_unauthorised' } });
    expect(JSON.stringify(opened)).not.toMatch(/guard|p@ss|not JSON/);
  },
);

it('ends it where recorders may not read it', async () => {
  faults.add({
    service: 'secretsmanager',
    operation: 'GetSecretValue',
    action: { kind: 'fail', code: 'AccessDeniedException', status: 400 },
  });
  expect(await withSecret(job('cameras/lobby'), readSourceSecret)).toMatchObject({
    reason: { code: 'source_unauthorised' },
  });
});
