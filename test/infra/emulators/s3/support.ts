import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { S3Client } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3Server, type S3ServerOptions, startS3Server } from '../../../../infra/emulators/s3/server.ts';

export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local-secret' };
export const BUCKET = 'landing';

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 's3-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function clientOf(url: string, maxAttempts = 1): S3Client {
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    forcePathStyle: true,
    maxAttempts,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** An endpoint for one test. */
export async function start(options: Partial<S3ServerOptions> = {}): Promise<{
  server: S3Server;
  client: S3Client;
  dataDir: string;
}> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const server = await startS3Server({ credentials: CREDENTIALS, buckets: [BUCKET], ...options, dataDir });
  onTestFinished(() => server.close());
  return { server, client: clientOf(server.url), dataDir };
}

/** The endpoint in a process of its own, for tests that kill it. */
export async function startProcess(dataDir: string): Promise<{
  url: string;
  pid: number;
  client: S3Client;
  kill(signal: NodeJS.Signals): Promise<void>;
}> {
  const main = path.resolve(import.meta.dirname, '../../../../infra/emulators/s3/main.ts');
  const child = spawn(process.execPath, [main, '--data-dir', dataDir, '--bucket', BUCKET], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  });
  const exited = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  onTestFinished(() => kill('SIGKILL'));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  if (typeof line !== 'string') throw new Error('The endpoint ended before it was ready.');
  const { url } = JSON.parse(line) as { url: string };
  return { url, pid: child.pid ?? 0, client: clientOf(url), kill };
}
