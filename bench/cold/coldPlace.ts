import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { sessionKey } from '../../functions/core/state/keys.ts';
import { Queue } from '../../infra/emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../../infra/emulators/queue/server.ts';
import { type S3Server, startS3Server } from '../../infra/emulators/s3/server.ts';
import { REGION, resources, sdkEnvironment } from '../../infra/local/place.ts';
import { FUNCTIONS } from '../../infra/wiring.ts';

const run = promisify(execFile);
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };

/** Own CPU of a new process, in ms: until its function is imported, and until it has answered. */
export interface ColdStart {
  readonly importMs: number;
  readonly firstCallMs: number;
  readonly secondCallMs: number;
}

/** Where functions of `wcs` start recordings, each in a process of its own, against an S3 and queues of another one. */
export class ColdStartPlace {
  readonly #folder: string;
  readonly #s3: S3Server;
  readonly #launches: Queue;
  readonly #sqs: QueueServer;
  readonly #store: StateStore;
  readonly #environment: Readonly<Record<string, string>>;
  #started = 0;

  private constructor(folder: string, s3: S3Server, launches: Queue, sqs: QueueServer) {
    this.#folder = folder;
    this.#s3 = s3;
    this.#launches = launches;
    this.#sqs = sqs;
    const held = resources({}, () => sqs.queueUrl(launches.name), 0, 5_000);
    this.#environment = {
      ...sdkEnvironment(CREDENTIALS, { s3: s3.url, events: s3.url, sqs: sqs.url }),
      ...Object.fromEntries(
        Object.entries(FUNCTIONS.wcs.environment).map(([name, resource]) => [name, held[resource]]),
      ),
      AWS_LAMBDA_FUNCTION_NAME: 'wcs',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    };
    const client = new S3Client({
      endpoint: s3.url,
      region: REGION,
      credentials: CREDENTIALS,
      forcePathStyle: true,
    });
    this.#store = new StateStore(client, held.landingBucket);
  }

  static async start(): Promise<ColdStartPlace> {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-cold-'));
    const buckets = [resources({}, () => '', 0, 0).landingBucket];
    const s3 = await startS3Server({ dataDir: path.join(folder, 's3'), credentials: CREDENTIALS, buckets });
    const launches = new Queue({
      file: path.join(folder, 'launch.jsonl'),
      name: 'launch',
      region: REGION,
      accountId: '000000000000',
      visibilityTimeoutMs: 5_000,
    });
    const sqs = await startQueueServer({ queues: [launches] });
    return new ColdStartPlace(folder, s3, launches, sqs);
  }

  /** @param file of the function, bundled. @param nodeArguments such as `--cpu-prof` */
  async startRecording(file: string, nodeArguments: readonly string[] = []): Promise<ColdStart> {
    const sessions = [1, 2].map(() => `bench-${++this.#started}`);
    for (const mediaSessionId of sessions) {
      await this.#store.create(sessionKey(mediaSessionId), {
        mediaSessionId,
        name: mediaSessionId,
        status: 'PUBLISHING',
        sourceUrl: 'rtmp://media.example/live/key',
        eventAtMs: Date.now(),
        publishedAtMs: Date.now(),
      });
    }
    const { stdout } = await run(
      process.execPath,
      [...nodeArguments, '--input-type=module', '-e', PROGRAM, file, ...sessions],
      { env: this.#environment },
    );
    return JSON.parse(stdout) as ColdStart;
  }

  async close(): Promise<void> {
    await this.#sqs.close();
    await this.#launches.close();
    await this.#s3.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Imports a function, starts one recording after the other, and says what CPU each took. */
const PROGRAM = `
const [file, ...sessions] = process.argv.slice(1);
let last = process.cpuUsage();
const spentMs = () => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  return (user + system) / 1000;
};
const { handler } = await import(file);
const spent = [spentMs()];
for (const mediaSessionId of sessions) {
  const event = {
    version: '2.0',
    routeKey: 'POST /rest-api/stream/startRecording',
    rawPath: '/rest-api/stream/startRecording',
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    requestContext: { domainName: 'bench.example', http: { method: 'POST', path: '/rest-api/stream/startRecording' } },
    body: JSON.stringify({ mediaSessionId }),
    isBase64Encoded: false,
  };
  const answer = await handler(event, { awsRequestId: mediaSessionId, getRemainingTimeInMillis: () => 29_000 });
  if (answer.statusCode !== 200) throw new Error(JSON.stringify(answer));
  spent.push(spentMs());
}
const [importMs, firstCallMs, secondCallMs] = spent;
console.log(JSON.stringify({ importMs, firstCallMs, secondCallMs }));
process.exit(0);
`;
