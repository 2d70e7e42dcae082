import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askTaskEndpoint } from '../../../container/attempt/taskEndpoint.ts';
import { bundledRecorder } from '../../../infra/local/bundles.ts';

const ARN = 'arn:aws:ecs:us-east-1:000000000000:task/recordings/0123456789abcdef';
const ANSWERS_WITHIN_MS = 60_000;
/** Whether half an answer has come by then or none, it is late. */
const HALF_ANSWERS_MS = 500;
/** It is asked for nothing. */
const WORKER_ENVIRONMENT = {
  WORKER_NAME: 'worker',
  EVENT_BUS_NAME: 'bus',
  LANDING_BUCKET: 'landing',
  ASSIGNMENTS_QUEUE_URL: 'none',
  SETTLE_QUEUE_URL: 'none',
  LAUNCH_QUEUE_URL: 'none',
  SPOOL_DIR: '/nowhere',
  HOST_CPU_UNITS: '1024',
  HOST_MEMORY_MB: '2048',
  MAX_RECORDINGS: '10',
  AWS_REGION: 'us-east-1',
};

let server: Server;
let url: string;
let asked: {
  readonly method: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}[];
let answer: string;

beforeEach(async () => {
  asked = [];
  answer = JSON.stringify({ TaskARN: ARN });
  server = createServer(async (request, response) => {
    asked.push({
      method: request.method,
      type: request.headers['content-type'],
      body: await textOf(request),
    });
    response.end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/id`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString('utf8');
  return text;
}

describe('an endpoint of the task', () => {
  it('is asked, and told', async () => {
    expect(await askTaskEndpoint(url, { timeoutMs: ANSWERS_WITHIN_MS })).toEqual({ TaskARN: ARN });
    const body = { ProtectionEnabled: true };
    await askTaskEndpoint(url, { method: 'PUT', body, timeoutMs: ANSWERS_WITHIN_MS });
    expect(asked).toEqual([
      { method: 'GET', type: undefined, body: '' },
      { method: 'PUT', type: 'application/json', body: JSON.stringify(body) },
    ]);
  });

  it('that answers no JSON, or not in time, or is not there, is a fault', async () => {
    answer = 'busy';
    await expect(askTaskEndpoint(url, { timeoutMs: ANSWERS_WITHIN_MS })).rejects.toThrow('JSON');
    server.removeAllListeners('request');
    await expect(askTaskEndpoint(url, { timeoutMs: 1 })).rejects.toThrow('abort');
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(askTaskEndpoint(url, { timeoutMs: ANSWERS_WITHIN_MS })).rejects.toThrow('ECONNREFUSED');
  });

  it('that answers half of it, and then not in time, is a fault and no more', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.write('{"TaskARN":'));
    await expect(askTaskEndpoint(url, { timeoutMs: HALF_ANSWERS_MS })).rejects.toThrow('abort');
    // What the connection says of it comes later, and would end the process.
    await new Promise((later) => setImmediate(later));
  });

  it('tells a worker its task without loading what fetch needs', async () => {
    const file = await bundledRecorder();
    const printing = `data:text/javascript,process.on('exit',()=>console.log(process.moduleLoadList.join()))`;
    const worker = fork(file, ['worker'], {
      execArgv: ['--import', printing],
      env: { ...WORKER_ENVIRONMENT, ECS_CONTAINER_METADATA_URI_V4: url },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const loaded = textOf(worker.stdout as Readable);
    const [said] = await once(worker, 'message');
    expect(said).toEqual({ kind: 'ready' });
    worker.disconnect();
    expect(asked.length).toBe(1);
    expect(await loaded).toContain('NativeModule http,');
    expect(await loaded).not.toContain('undici');
  });
});
