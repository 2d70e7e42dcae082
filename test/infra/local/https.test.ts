import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSignedPair } from '../../../infra/local/certificate.ts';
import { readSettings } from '../../../infra/local/mainSettings.ts';
import { type Runtime, startRuntime } from '../../../infra/local/runtime.ts';

const DAY_MS = 86_400_000;
let folder: string;
let runtime: Runtime;
const lines: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'https-'));
  runtime = await startRuntime({
    dataDir: path.join(folder, 'data'),
    ingest: false,
    reconcilesAtStart: false,
    https: { port: 0, pair: undefined, isRequired: true },
  });
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

/** As a WCS client does it, which checks the certificate. @param ca PEM of whom it trusts */
async function post(url: string, ca?: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ...(ca === undefined ? {} : { ca }) }, (answer) => {
      text(answer).then(
        (body) => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(body) }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end('{}');
  });
}

it('serves the API to whoever trusts the certificate, by each of the names of this machine', async () => {
  const { url = '', certificateFile = '' } = runtime.https ?? {};
  const ca = readFileSync(certificateFile, 'utf8');
  for (const host of ['127.0.0.1', 'localhost']) {
    const answer = await post(`${url.replace('127.0.0.1', host)}/rest-api/stream/find_all`, ca);
    expect(answer).toEqual({ status: 200, body: [] });
  }
  await expect(post(`${url}/rest-api/stream/find_all`)).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(statSync(path.join(path.dirname(certificateFile), 'key.pem')).mode & 0o077).toBe(0);
});

it('goes without HTTPS where its port is taken and was not asked for', async () => {
  const port = Number(new URL(runtime.https?.url ?? '').port);
  const options = {
    dataDir: path.join(folder, 'other'),
    ingest: false,
    reconcilesAtStart: false,
    onLog: (_source: string, line: string) => lines.push(line),
  };
  const other = await startRuntime({ ...options, https: { port, pair: undefined, isRequired: false } });
  expect(other.https).toBeUndefined();
  expect(lines.join()).toContain(`Port ${port} is taken.`);
  await other.close();
  await expect(
    startRuntime({ ...options, https: { port, pair: undefined, isRequired: true } }),
  ).rejects.toMatchObject({ part: 'https' });
});

it('keeps the pair that it has made, until it is about to expire or is no pair', async () => {
  const made = path.join(folder, 'made');
  const nowMs = Date.now();
  const first = await selfSignedPair(made, nowMs);
  expect(await selfSignedPair(made, nowMs + 300 * DAY_MS)).toEqual(first);
  const renewed = await selfSignedPair(made, nowMs + 380 * DAY_MS);
  expect(renewed.certificate).not.toBe(first.certificate);
  writeFileSync(path.join(made, 'key.pem'), first.key);
  expect((await selfSignedPair(made, nowMs + 380 * DAY_MS)).key).not.toBe(first.key);
});

it('takes a pair of its user, and says what is wrong with one', async () => {
  const [one, other] = [path.join(folder, 'one'), path.join(folder, 'other-pair')];
  const pair = await selfSignedPair(one);
  await selfSignedPair(other);
  const [cert, key] = [path.join(one, 'certificate.pem'), path.join(one, 'key.pem')];
  expect(readSettings({})).toMatchObject({ apiPort: 8081, https: { port: 8444, isRequired: false } });
  const settings = readSettings({ TLS_CERT: cert, TLS_KEY: key, HTTPS_PORT: '0' });
  expect(settings.https).toEqual({
    port: 0,
    isRequired: true,
    pair: { certificate: pair.certificate, key: pair.key },
  });
  for (const [env, message] of [
    [{ TLS_CERT: cert }, /TLS_KEY is missing/],
    [{ TLS_KEY: key }, /TLS_CERT is missing/],
    [{ TLS_CERT: path.join(one, 'none'), TLS_KEY: key }, /TLS_CERT must be a file that can be read/],
    [{ TLS_CERT: cert, TLS_KEY: path.join(other, 'key.pem') }, /that of another certificate/],
    [{ TLS_CERT: key, TLS_KEY: key }, /no pair in PEM/],
  ] as const) {
    expect(() => readSettings(env)).toThrow(message);
  }
  const own = await startRuntime({
    dataDir: path.join(folder, 'own'),
    ingest: false,
    reconcilesAtStart: false,
    https: settings.https,
  });
  expect(own.https).toEqual({ url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/) });
  expect((await post(`${own.https?.url}/health`, pair.certificate)).status).toBe(405);
  await own.close();
});
