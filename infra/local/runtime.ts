import type { EcsServer, EcsSimulation } from '../emulators/ecs/server.ts';
import { type Credentials, denialMessage } from '../emulators/shared/access.ts';
import type { Faults } from '../emulators/shared/faults.ts';
import { type FunctionName, SCHEDULE, TASK_EVENTS } from '../wiring.ts';
import { AsyncInvoker } from './asyncInvoker.ts';
import { Closers } from './closers.ts';
import { type Log, openGround } from './ground.ts';
import { HostedRecordings } from './hostedRecordings.ts';
import { type HttpsEnd, startHttps } from './https.ts';
import type { OnRecordHook } from './onRecordHook.ts';
import { REGION } from './place.ts';
import type { LocalQueues } from './queues.ts';
import type { RuntimeOptions } from './runtimeOptions.ts';
import { startSecrets } from './secrets.ts';
import {
  connectQueues,
  startApi,
  startEventBus,
  startFunctions,
  startHook,
  startQueues,
  startRecorders,
  startRtmp,
  startStorage,
} from './services.ts';
import { stopRecordings } from './shutdown.ts';
import { startWebhooks } from './webhooks.ts';

export type { EventBridgeEvent } from '../emulators/events/server.ts';
export type { Credentials } from '../emulators/shared/access.ts';
export type { RuntimeOptions } from './runtimeOptions.ts';
export { StartError } from './startError.ts';

export interface Runtime {
  readonly apiUrl: string;
  readonly https: HttpsEnd | undefined;
  readonly s3Url: string;
  readonly ecsUrl: string;
  readonly eventsUrl: string;
  readonly sqsUrl: string;
  /** Streams go to `/live/<name>` below it. */
  readonly rtmpUrl: string | undefined;
  readonly region: string;
  /** Of who may do everything. */
  readonly credentials: Credentials;
  /** Rules for what goes wrong, for tests. */
  readonly faults: Readonly<Record<'s3' | 'ecs' | 'events' | 'sqs', Faults>>;
  readonly simulation: EcsSimulation;
  /** Recordings that have a task, or a host that carries them. */
  runningRecordings(): readonly string[];
  /** Requests, the first thousand, that were refused since their role lacks a right, as AWS words it: a defect of the wiring. */
  denials(): readonly string[];
  /** Landing's events that failed too often. They are tried again at the next start. */
  deadLetters(): readonly string[];
  /**
   * Stops running recordings as the API does, waits until their records are in the library, then ends everything. After
   * the grace (30 s by default) what is not done is killed; it is in the data folder. Called again with a shorter
   * grace, it hurries.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const GRACE_MS = 30_000;

/**
 * The whole deployment on one machine: the functions, recorder, routes and wiring of the real one, with S3, ECS, SQS,
 * EventBridge and API Gateway on loopback.
 * @throws StartError for what its user can change: a taken port, a data folder in use
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const closers = new Closers();
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** What is called before whoever calls it; so it closes in the right order too. */
async function start(options: RuntimeOptions, closers: Closers): Promise<Runtime> {
  const ground = openGround(options, closers);
  const queues = await startQueues(ground);
  const queue = queues.relocation;
  const hosted = new HostedRecordings();
  const s3 = await startStorage(ground, queue, hosted);
  const events = await startEventBus(ground, queues, (event) => {
    hook?.onEvent(event);
    tellWebhooks(event);
  });
  const secrets = await startSecrets(ground);
  const urls = { s3: s3.url, events: events.url, sqs: queues.server.url };
  const hook = startHook(ground, urls);
  const tellWebhooks = startWebhooks(ground, queues, { ...urls, secretsPort: secrets.port });
  const invoker = new AsyncInvoker({
    invoke: (name, event) => functions.invoke(name as FunctionName, event),
    onGivenUp: (name, error) => ground.log('ERROR', 'an event was given up', { function: name, error }),
  });
  const ecs = await startRecorders(ground, queues, { ...urls, secretsManager: secrets.managerUrl }, (event) =>
    invoker.send(TASK_EVENTS.function, event),
  );
  const functions = startFunctions(ground, queues, {
    ...urls,
    ecs: ecs.url,
    secretsPort: secrets.port,
  });
  closers.add(() => invoker.close());
  ecs.tellLostTasks();
  const gateway = await startApi(ground, functions, s3.url);
  connectQueues(ground, queues, functions);
  const https = await startHttps(ground, gateway);
  const schedule = () => ({ scheduledAt: new Date().toISOString() });
  if (options.reconcilesAtStart !== false) invoker.send(SCHEDULE.function, schedule());
  invoker.every(SCHEDULE.everyMinutes * 60_000, SCHEDULE.function, schedule);
  const ingest = await startRtmp(ground, gateway.url);

  const ending = new Ending({ ...ground, apiUrl: gateway.url, ecs, hosted, queues, hook, closers });
  return {
    apiUrl: gateway.url,
    https,
    s3Url: s3.url,
    ecsUrl: ecs.url,
    eventsUrl: events.url,
    sqsUrl: queues.server.url,
    rtmpUrl: ingest?.url,
    region: REGION,
    credentials: ground.data.credentials(),
    faults: { s3: s3.faults, ecs: ecs.faults, events: events.faults, sqs: queues.server.faults },
    simulation: ecs.simulation,
    runningRecordings: () => runningRecordings(ecs, hosted),
    denials: () => ground.denials.map((denial) => denialMessage(denial)),
    deadLetters: () => queue.deadLetters,
    close: ({ graceMs = GRACE_MS } = {}) => ending.close(graceMs),
  };
}

function runningRecordings(ecs: EcsServer, hosted: HostedRecordings): string[] {
  const dedicated = ecs
    .runningTasks()
    .flatMap(({ startedBy, group }) =>
      startedBy === undefined || group?.startsWith('service:') === true ? [] : [startedBy],
    );
  return [...new Set([...dedicated, ...hosted.ids])];
}

interface EndingOptions {
  readonly apiUrl: string;
  readonly ecs: EcsServer;
  readonly hosted: HostedRecordings;
  readonly queues: LocalQueues;
  readonly hook: OnRecordHook | undefined;
  readonly closers: Closers;
  readonly log: Log;
}

/** Ends once: well, unless the shortest of the graces given is over before. */
class Ending {
  readonly #options: EndingOptions;
  /** Aborted when the time to end well is over. */
  readonly #hurry = new AbortController();
  #finished: Promise<void> | undefined;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#hurry.abort(), graceMs);
    this.#finished ??= this.#finish();
    await this.#finished.finally(() => clearTimeout(timer));
  }

  async #finish(): Promise<void> {
    const { apiUrl, ecs, hosted, queues, hook, closers, log } = this.#options;
    const queue = queues.relocation;
    const { signal } = this.#hurry;
    const hurried = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const running = () => runningRecordings(ecs, hosted);
    await stopRecordings({
      apiUrl,
      running,
      isQuiet: () => queues.isQuiet,
      signal,
      onProblem: (reason, recordingId) =>
        log('WARN', 'a recording could not be stopped', { recordingId, reason }),
    });
    await Promise.race([queue.drained().then(() => hook?.idle()), hurried]);
    if (running().length > 0) log('ERROR', 'recordings were ended before they had finished');
    if (queue.pending > 0)
      log('WARN', 'records are still to be moved; the next start does it', { count: queue.pending });
    await closers.closeAll();
  }
}
