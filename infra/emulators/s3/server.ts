import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type FaultAction, Faults } from '../shared/faults.ts';
import { closeServer } from '../shared/loopback.ts';
import { checkBucketName } from './buckets.ts';
import type { Context, Operation } from './context.ts';
import { InjectedError, S3Error } from './errors.ts';
import { CutOff, Exchange } from './exchange.ts';
import { changeFaults, FAULTS_PATH } from './faultRules.ts';
import { eventRecord, type ObjectChange, type S3EventRecord } from './notifications.ts';
import { readDocument, readPayload } from './payload.ts';
import { parseRequest } from './request.ts';
import { route } from './routes.ts';
import { type Credentials, verifySignature } from './sigv4.ts';
import { Store } from './store.ts';

export type { S3EventRecord } from './notifications.ts';

export interface S3ServerOptions {
  /** Everything is kept there; one process at a time may use it. */
  readonly dataDir: string;
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** The only ones that are accepted. */
  readonly credentials: Credentials;
  /** us-east-1 by default. */
  readonly region?: string;
  /** Created unless they are there. */
  readonly buckets?: readonly string[];
  readonly faults?: Faults;
  /** Told of every object created or removed, after it has been; nothing of it is awaited, its errors are printed. */
  readonly onNotification?: (record: S3EventRecord) => void | Promise<void>;
  readonly now?: () => Date;
}

export interface S3Server {
  /** Without a slash at its end. */
  readonly url: string;
  readonly faults: Faults;
  /** Breaks off what is under way; what was answered is kept. A second call waits for the first. */
  close(): Promise<void>;
}

/** A client that went away in the middle is no defect of the endpoint. */
function isDisconnect(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code));
}

/**
 * The embedded S3 endpoint, path-style, with SigV4. What it offers it does as S3 does; all else is answered with
 * NotImplemented. An object that was acknowledged survives the death of the process (not a power cut).
 *
 * @throws the listen error, such as EADDRINUSE; Error when the data folder is in use or its journal is damaged
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { host = '127.0.0.1', region = 'us-east-1', now = () => new Date() } = options;
  const faults = options.faults ?? new Faults();
  for (const bucket of options.buckets ?? []) checkBucketName(bucket);
  const underWay = new Set<Promise<void>>();
  let vanishedUntilMs = 0;
  const vanished = () => performance.now() < vanishedUntilMs;
  // S3 stamps objects with whole seconds.
  const nowMs = () => Math.floor(now().getTime() / 1000) * 1000;

  async function notify(change: ObjectChange, requestId: string): Promise<void> {
    try {
      await options.onNotification?.(eventRecord(change, { region, time: now(), requestId }));
    } catch (error) {
      console.error('S3 endpoint: onNotification failed:', error);
    }
  }

  /** @throws S3Error, CutOff; delays */
  async function applyFault(fault: FaultAction | undefined, exchange: Exchange): Promise<void> {
    switch (fault?.kind) {
      case 'fail':
        throw new InjectedError(fault.code, fault.status);
      case 'throttle':
        throw new S3Error('SlowDown');
      case 'delay':
        await delay(fault.delayMs);
        return;
      case 'vanish':
        vanishedUntilMs = performance.now() + fault.durationMs;
        server.closeAllConnections();
        exchange.cutOff();
    }
  }

  async function answer(exchange: Exchange): Promise<void> {
    const request = parseRequest(exchange.message, exchange.requestId);
    const signature = verifySignature(request, options.credentials, region, now());
    const operation: Operation = route(request);
    const fault = faults.hit({
      service: 's3',
      operation: operation.name,
      target: `${request.bucket}/${request.key}`,
    });
    await applyFault(fault, exchange);
    const cutAfterBytes = fault?.kind === 'resetMidBody' && !operation.reads ? fault.afterBytes : undefined;
    const payload = readPayload(
      request,
      signature,
      () => exchange.body(cutAfterBytes),
      operation.checksumIsOfObject !== true,
    );
    if (operation.takesBody !== true) await readDocument(payload);
    const context: Context = {
      request,
      payload,
      store,
      region,
      nowMs,
      notify: (change) => void notify(change, exchange.requestId),
    };
    await exchange.send(await operation.run(context), fault);
  }

  async function answerFaults(exchange: Exchange): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of exchange.body()) chunks.push(chunk);
    const status = changeFaults(exchange.message.method, Buffer.concat(chunks), faults);
    await exchange.send({ status, headers: {} }, undefined);
  }

  async function handle(
    message: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> {
    if (vanished()) {
      message.socket.destroy();
      return;
    }
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    const exchange = new Exchange(message, response, requestId, expectsContinue);
    response.setHeader('date', now().toUTCString());
    try {
      if (message.url === FAULTS_PATH) await answerFaults(exchange);
      else await answer(exchange);
    } catch (error) {
      if (error instanceof S3Error) exchange.sendError(error);
      else if (!(error instanceof CutOff) && !isDisconnect(error)) {
        console.error('S3 endpoint:', error);
        exchange.sendError(new S3Error('InternalError'));
      }
    }
  }

  function begin(expectsContinue: boolean) {
    return (message: IncomingMessage, response: ServerResponse) => {
      const handled = handle(message, response, expectsContinue).finally(() => underWay.delete(handled));
      underWay.add(handled);
    };
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000, maxHeaderSize: 32_768 });
  server.on('request', begin(false));
  server.on('checkContinue', begin(true));
  server.on('connection', (socket) => {
    if (vanished()) socket.destroy();
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  // The folder is opened once the port is ours: whoever has the port may have the folder too. No request is read before.
  let store: Store;
  try {
    store = new Store(options.dataDir);
    for (const bucket of options.buckets ?? [])
      if (store.buckets.get(bucket) === undefined)
        store.commit({ type: 'bucket', bucket, createdMs: nowMs() });
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

  async function close(): Promise<void> {
    await closeServer(server);
    await Promise.allSettled(underWay);
    store.close();
  }
  let closed: Promise<void> | undefined;

  return {
    url: `http://${host}:${address.port}`,
    faults,
    close() {
      closed ??= close();
      return closed;
    },
  };
}
