import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { lookupBySystem } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';

const IDLE_TIMEOUT_MS = 200;
const RULES = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
const OPTIONS = { rules: RULES, lookup: lookupBySystem, idleTimeoutMs: IDLE_TIMEOUT_MS };
/** In a thread of its own: it answers while this one does not run. Two pieces, each when it is told to. */
const SERVER = `
const { parentPort, workerData } = require('node:worker_threads');
const told = new Int32Array(workerData);
const piece = async (response, n) => {
  await Atomics.waitAsync(told, 0, n - 1).value;
  await new Promise((resolve) => response.write('piece ' + n, resolve));
  Atomics.store(told, 1, n);
  Atomics.notify(told, 1);
};
const server = require('node:http').createServer(async (request, response) => {
  parentPort.postMessage('asked');
  await piece(response, 1);
  await piece(response, 2);
  response.end();
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

describe('a server that answers while the recorder does not run', () => {
  const told = new Int32Array(new SharedArrayBuffer(8));
  let server: Worker;
  let url: string;
  beforeAll(async () => {
    server = new Worker(SERVER, { eval: true, workerData: told.buffer });
    const [port] = (await once(server, 'message')) as [number];
    url = `http://127.0.0.1:${port}/`;
  });
  afterAll(async () => {
    await server.terminate();
  });

  /** Nothing of this thread runs until the piece is written, and for longer than a server may be silent. */
  function blockUntilWritten(piece: number): void {
    Atomics.store(told, 0, piece);
    Atomics.notify(told, 0);
    while (Atomics.load(told, 1) < piece) Atomics.wait(told, 1, piece - 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * IDLE_TIMEOUT_MS);
  }

  it('is heard, both its answer and what follows', async () => {
    const http = new JudgedHttp(OPTIONS);
    const asked = once(server, 'message');
    const answered = http.get(url, { signal: new AbortController().signal });
    await asked;
    blockUntilWritten(1);
    const { body } = await answered;
    expect((await body.next()).value?.toString()).toBe('piece 1');
    const second = body.next();
    blockUntilWritten(2);
    expect((await second).value?.toString()).toBe('piece 2');
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });
});

describe('an answer that is given up', () => {
  it('just as it ends leaves no error that nobody hears, which would end the process', async () => {
    const server = createServer((_request, response) => response.end('all'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const http = new JudgedHttp(OPTIONS);
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('uncaughtException', hear);
    try {
      const abort = new AbortController();
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { body } = await http.get(url, { signal: abort.signal });
      expect((await body.next()).value?.toString()).toBe('all');
      // It is read to its end, of which nobody has been told yet.
      const end = body.next();
      abort.abort();
      await end.catch(() => undefined);
      await setImmediate();
    } finally {
      process.off('uncaughtException', hear);
      http.close();
      server.close();
    }
    expect(unheard).toEqual([]);
  });
});
