import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';
import {
  type EventBridgeEvent,
  type Runtime,
  type RuntimeOptions,
  startRuntime,
} from '../../../infra/local/runtime.ts';
import { type Child, freePort, waitFor } from '../../support/children.ts';
import { publishCounter } from '../../support/counterStream.ts';
import { refuseDenials } from '../../support/denials.ts';
import { RUNTIME_FOR_TESTS } from '../../support/testRuntime.ts';
import { describeWith } from '../../support/tools.ts';

const PARTS = ['api', 's3', 'ecs', 'events', 'rtmp'] as const;

let folder: string;
let lines: { source: string; line: string }[];
let events: EventBridgeEvent[];
const open: Runtime[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runtime-'));
  lines = [];
  events = [];
});

afterEach(async () => {
  const ended = open.splice(0);
  await Promise.all(ended.map((runtime) => runtime.close({ graceMs: 0 })));
  await rm(folder, { recursive: true, force: true });
  ended.forEach(refuseDenials);
});

async function start(options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  const runtime = await startRuntime({
    ...RUNTIME_FOR_TESTS,
    dataDir: path.join(folder, 'data'),
    ingest: false,
    onLog: (source, line) => lines.push({ source, line }),
    onEvent: (event) => events.push(event),
    ...options,
  });
  open.push(runtime);
  return runtime;
}

const call = async (runtime: Runtime, method: string, route: string, body?: unknown) => {
  const answer = await fetch(`${runtime.apiUrl}${route}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const s3Of = (runtime: Runtime): S3Client =>
  new S3Client({
    endpoint: runtime.s3Url,
    region: runtime.region,
    credentials: runtime.credentials,
    forcePathStyle: true,
  });

describe('a start', () => {
  it('goes on with the data of the one before, under the same credentials', async () => {
    const first = await start();
    await call(first, 'PUT', '/streams/m1', { name: 'camera', sourceUrl: 'rtmp://media.example/live/m1' });
    await first.close();
    const second = await start();
    expect(second.credentials).toEqual(first.credentials);
    expect(await call(second, 'DELETE', '/streams/m1')).toMatchObject({
      status: 200,
      body: { name: 'camera', status: 'UNPUBLISHED' },
    });
  });

  it('keeps its credentials from others', async () => {
    await start();
    expect((await stat(path.join(folder, 'data', 'credentials.json'))).mode & 0o777).toBe(0o600);
  });

  it('is refused on data that is in use, and leaves that runtime alone', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({
      name: 'StartError',
      part: 'data',
      message: expect.stringMatching(/ is in use by another runtime /),
    });
    expect((await call(first, 'GET', '/nowhere')).status).toBe(404);
  });

  it('is refused where the data folder cannot be made', async () => {
    await expect(start({ dataDir: '/dev/null/data' })).rejects.toMatchObject({
      name: 'StartError',
      part: 'data',
      message: expect.stringMatching(/^The data folder \/dev\/null\/data cannot be used /),
    });
  });

  it('is refused on a taken port, whichever it is, and nothing of it stays open', async () => {
    const ports: Record<(typeof PARTS)[number], number> = { api: 0, s3: 0, ecs: 0, events: 0, rtmp: 0 };
    for (const part of PARTS) ports[part] = await freePort();
    for (const part of PARTS) {
      const server = createServer();
      const port = Number(new URL(await listenOnLoopback(server)).port);
      await expect(start({ ports: { ...ports, [part]: port }, ingest: true })).rejects.toMatchObject({
        name: 'StartError',
        part,
        message: `Port ${port} is taken.`,
      });
      await closeServer(server);
    }
    // What each of them had opened before it was refused is free again.
    await start({ ports, ingest: true });
  });
});

describe('the wiring', () => {
  it('hands landing’s new records to the relocation, and nothing else', async () => {
    const runtime = await start();
    const s3 = s3Of(runtime);
    for (const [bucket, key] of [
      ['landing', 'state/other'],
      ['library', 'records/x'],
      ['landing', 'records/not a record'],
    ])
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from('x') }));
    const line = await waitFor('the relocation', () => lines.find(({ source }) => source === 'relocate'));
    expect(JSON.parse(line.line)).toMatchObject({
      message: 'left alone: no recorder writes such a key',
      key: 'records/not a record',
    });
    await runtime.close();
    expect(lines.filter(({ source }) => source === 'relocate')).toHaveLength(1);
  });

  it('tries a record again until it is put away, and once more after a restart', async () => {
    const options = { relocationVisibilityMs: 20 };
    const runtime = await start(options);
    // A key that a recorder could have written, in a recording whose state cannot be read.
    runtime.faults.s3.add({
      service: 's3',
      operation: 'HeadObject',
      times: 1_000,
      action: { kind: 'fail', status: 403, code: 'AccessDenied' },
    });
    const key = 'records/01KA0000000000000000000000/1/x.mp4';
    await s3Of(runtime).send(new PutObjectCommand({ Bucket: 'landing', Key: key, Body: Buffer.from('x') }));
    const [dead] = await waitFor('the dead letter', () =>
      runtime.deadLetters().length > 0 ? runtime.deadLetters() : undefined,
    );
    expect(JSON.parse(dead ?? '').Records).toHaveLength(1);
    expect(
      lines.filter(({ source, line }) => source === 'relocate' && line.includes('comes again')),
    ).toHaveLength(5);
    await runtime.close();

    lines.length = 0;
    const second = await start(options);
    await waitFor('the relocation', () => lines.find(({ source }) => source === 'relocate'));
    expect(second.deadLetters()).toEqual([]);
  });
});

describeWith(['ffmpeg'], 'closing', () => {
  async function record(runtime: Runtime, name: string): Promise<{ recordingId: string; publisher: Child }> {
    const publisher = publishCounter(`${runtime.rtmpUrl}/live/${name}`);
    const started = await waitFor('the stream to be known', async () => {
      const answer = await call(runtime, 'POST', '/rest-api/stream/startRecording', { mediaSessionId: name });
      return answer.status === 200 ? answer.body : undefined;
    });
    const recordingId = String(started.recordingId);
    await waitFor('frames', async () =>
      (await call(runtime, 'GET', `/recordings/${recordingId}`)).body.status === 'recording'
        ? true
        : undefined,
    );
    return { recordingId, publisher };
  }

  it('lets a running recording end well: its record is in the library, no source URL in any line', async () => {
    const runtime = await start({ ingest: true });
    const { recordingId, publisher } = await record(runtime, 'camera1');
    await runtime.close();
    await publisher.stop();
    expect(runtime.runningRecordings()).toEqual([]);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter(({ line }) => line.includes('/live/camera1'))).toEqual([]);
    expect(await readFile(path.join(folder, 'data', 'ingest', 'announced.json'), 'utf8')).toBe('[]');
    expect(events.map((event) => event['detail-type'])).toContain('Record Available');

    const next = await start();
    const found = await call(next, 'GET', `/recordings/${recordingId}`);
    expect(found.body).toMatchObject({ status: 'available', reason: { code: 'stopped' } });
    const [part] = found.body.parts as { library: { key: string } }[];
    const head = await s3Of(next).send(new HeadObjectCommand({ Bucket: 'library', Key: part?.library.key }));
    expect(head.ContentLength).toBeGreaterThan(1_000);
    expect(await call(next, 'DELETE', '/streams/camera1')).toMatchObject({ body: { status: 'UNPUBLISHED' } });
    expect(await readdir(path.join(folder, 'data', 'spool'))).toEqual([]);
  }, 180_000);

  it('hurries when it is asked again: nothing is left running', async () => {
    const runtime = await start({ ingest: true });
    const { publisher } = await record(runtime, 'camera2');
    // The stop never gets through, so that the recorder goes on.
    runtime.faults.s3.add({ service: 's3', times: 1_000, action: { kind: 'throttle' } });
    const patient = runtime.close({ graceMs: 600_000 });
    await runtime.close({ graceMs: 200 });
    await patient;
    await publisher.stop();
    expect(runtime.runningRecordings()).toEqual([]);
    expect(lines.some(({ line }) => line.includes('recordings were ended before they had finished'))).toBe(
      true,
    );
  }, 180_000);
});
