import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Access, type Credentials } from '../shared/access.ts';
import { Faults } from '../shared/faults.ts';
import { closeServer } from '../shared/loopback.ts';
import { checkBucketName } from './buckets.ts';
import type { CorsRule } from './cors.ts';
import { eventRecord, type S3EventRecord } from './notifications.ts';
import { RequestHandler, wholeSecondsMs } from './requestHandler.ts';
import { Store } from './store.ts';

export type { S3EventRecord } from './notifications.ts';

export interface S3ServerOptions {
  /** Everything is kept there; one process at a time may use it. */
  readonly dataDir: string;
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** The only ones that are accepted, and may do everything; or who there is, and what each may do. */
  readonly credentials: Credentials | Access;
  /** us-east-1 by default. */
  readonly region?: string;
  /** Created unless they are there. */
  readonly buckets?: readonly string[];
  /** Of every bucket; none by default. There is no PutBucketCors. */
  readonly cors?: readonly CorsRule[];
  readonly faults?: Faults;
  /** Bytes of a multipart upload's part that is not its last one: 5 MiB, as S3 has it, by default. */
  readonly partMinBytes?: number;
  /** Told of every object created or removed, after it has been; nothing of it is awaited, its errors are printed. */
  readonly onNotification?: (record: S3EventRecord) => void | Promise<void>;
  readonly now?: () => Date;
}

export interface S3Server {
  /** Without a slash at its end. */
  readonly url: string;
  readonly faults: Faults;
  /** Answers over a connection that somebody else has taken, such as one by TLS. */
  serve(connection: Duplex): void;
  /** Breaks off what is under way; what was answered is kept. A second call waits for the first. */
  close(): Promise<void>;
}

const PART_MIN_BYTES = 5 * 1024 ** 2;

/**
 * The embedded S3 endpoint, path-style, with SigV4. What it offers it does as S3 does; all else is answered with
 * NotImplemented. An object that was acknowledged survives the death of the process (not a power cut).
 *
 * @throws the listen error, such as EADDRINUSE; Error when the data folder is in use or its journal is damaged
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { host = '127.0.0.1', region = 'us-east-1', now = () => new Date() } = options;
  const faults = options.faults ?? new Faults();
  const { credentials } = options;
  const buckets = options.buckets ?? [];
  for (const bucket of buckets) checkBucketName(bucket);

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000, maxHeaderSize: 32_768 });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  // The folder is opened once the port is ours: whoever has the port may have the folder too. No request is read before.
  let store: Store;
  try {
    store = openStore(options.dataDir, buckets, now);
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  const handler = new RequestHandler({
    store,
    access: credentials instanceof Access ? credentials : Access.administrator(credentials),
    region,
    faults,
    cors: options.cors ?? [],
    partMinBytes: options.partMinBytes ?? PART_MIN_BYTES,
    now,
    onChange: async (change, requestId) => {
      try {
        await options.onNotification?.(eventRecord(change, { region, time: now(), requestId }));
      } catch (error) {
        console.error('S3 endpoint: onNotification failed:', error);
      }
    },
    onVanish: () => server.closeAllConnections(),
  });
  server.on('request', (message, response) => handler.begin(message, response, false));
  server.on('checkContinue', (message, response) => handler.begin(message, response, true));
  server.on('connection', (socket) => {
    if (handler.isVanished()) socket.destroy();
  });

  async function close(): Promise<void> {
    await closeServer(server);
    await handler.idle();
    store.close();
  }
  let closed: Promise<void> | undefined;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    url: `http://${host}:${address.port}`,
    faults,
    serve(connection) {
      server.emit('connection', connection);
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** @throws Error when the data folder is in use or its journal is damaged */
function openStore(dataDir: string, buckets: readonly string[], now: () => Date): Store {
  const store = new Store(dataDir);
  for (const bucket of buckets) {
    if (store.buckets.get(bucket) === undefined) {
      store.commit({ type: 'bucket', bucket, createdMs: wholeSecondsMs(now) });
    }
  }
  return store;
}
