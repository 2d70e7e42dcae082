import { S3Client } from '@aws-sdk/client-s3';
import { type EcsSimulation, startEcsServer } from '../emulators/ecs/server.ts';
import { type EventBridgeEvent, startEventsServer } from '../emulators/events/server.ts';
import { EventSourceMapping } from '../emulators/queue/mapping.ts';
import { Queue } from '../emulators/queue/queue.ts';
import { startS3Server } from '../emulators/s3/server.ts';
import type { Faults } from '../emulators/shared/faults.ts';
import { DEFAULT_ROUTE, type FunctionName, RELOCATION, ROUTES, SCHEDULE, TASK_EVENTS } from '../wiring.ts';
import { AsyncInvoker } from './asyncInvoker.ts';
import { Closers } from './closers.ts';
import { type Credentials, DataFolder } from './dataFolder.ts';
import { startGateway } from './gateway/server.ts';
import { startIngest } from './ingest/ingest.ts';
import { createFunctions } from './lambda/functions.ts';
import { OnRecordHook } from './onRecordHook.ts';
import {
  ACCOUNT_ID,
  CLUSTER,
  EVENT_BUS,
  isContinued,
  isRelocated,
  LANDING,
  LIBRARY,
  REGION,
  resources,
  sdkEnvironment,
} from './place.ts';
import { recorderTaskDefinition } from './recorderTask.ts';
import { stopRecordings } from './shutdown.ts';
import { listening } from './startError.ts';
import { findOnPath } from './tools.ts';

export type { EventBridgeEvent } from '../emulators/events/server.ts';
export type { Credentials } from './dataFolder.ts';
export { StartError } from './startError.ts';

export interface RuntimeOptions {
  /** All that outlives the runtime; one runtime at a time. */
  readonly dataDir: string;
  /** 0, the default, lets the system pick. */
  readonly ports?: {
    readonly api?: number;
    readonly s3?: number;
    readonly ecs?: number;
    readonly events?: number;
    readonly rtmp?: number;
  };
  /** Whether there is an RTMP ingest. true by default. */
  readonly ingest?: boolean;
  /** RECORDING_DEFAULTS: JSON as in `functions/core/settings/settings.ts`. */
  readonly recordingDefaults?: string;
  /** STREAM_HOOKS: JSON as in `functions/core/hooks/settings.ts`. No hook is taken by default. */
  readonly streamHooks?: string;
  /** A script that runs for each record in the library, with its stream's name and a file on disk. */
  readonly onRecordHook?: string | undefined;
  /** How long a task provisions. 0 by default. */
  readonly launchDelayMs?: number;
  /** From one try to move a record to the next. */
  readonly relocationVisibilityMs?: number;
  /** Lines of the functions (by name), `recorder`, `ingest` and `runtime`; JSON, unless a program wrote something else. */
  readonly onLog?: (source: string, line: string) => void;
  /** What was published to the event bus. */
  readonly onEvent?: (event: EventBridgeEvent) => void;
}

export interface Runtime {
  readonly apiUrl: string;
  readonly s3Url: string;
  readonly ecsUrl: string;
  readonly eventsUrl: string;
  /** Streams go to `/live/<name>` below it. */
  readonly rtmpUrl: string | undefined;
  readonly region: string;
  readonly credentials: Credentials;
  /** Rules for what goes wrong, for tests. */
  readonly faults: { readonly s3: Faults; readonly ecs: Faults; readonly events: Faults };
  readonly simulation: EcsSimulation;
  /** Recordings that have a task. */
  runningRecordings(): readonly string[];
  /** Landing's events that failed too often. They are tried again at the next start. */
  deadLetters(): readonly string[];
  /**
   * Stops running recordings as the API does, waits until their records are in the library, then ends everything. After
   * the grace (30 s by default) what is not done is killed; it is in the data folder. Called again with a shorter
   * grace, it hurries.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const RELOCATION_VISIBILITY_MS = 5_000;
const GRACE_MS = 30_000;
const INGEST_CLOSE_MS = 2_000;
const PLACE = { region: REGION, accountId: ACCOUNT_ID };

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

async function start(options: RuntimeOptions, closers: Closers): Promise<Runtime> {
  const { ports = {}, onLog = () => undefined } = options;
  const log = (level: string, message: string, more: object = {}): void =>
    onLog('runtime', JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...more }));
  const onDefect = (error: unknown): void =>
    log('ERROR', 'defect of the local runtime', {
      error: error instanceof Error ? error.stack : String(error),
    });

  const data = new DataFolder(options.dataDir);
  closers.add(() => data.release());
  const credentials = data.credentials();

  const queue = new Queue({
    ...PLACE,
    file: data.file('queue.jsonl'),
    name: RELOCATION.function,
    maxReceiveCount: RELOCATION.maxReceiveCount,
    visibilityTimeoutMs: options.relocationVisibilityMs ?? RELOCATION_VISIBILITY_MS,
    onDeadLetter: (body) => log('ERROR', 'a record was not moved, after all tries', { body }),
  });
  closers.add(() => queue.close());
  const relocation = new EventSourceMapping({ queue, batchSize: RELOCATION.batchSize });
  closers.add(() => relocation.close());

  const s3 = await listening(
    's3',
    ports.s3,
    startS3Server({
      dataDir: data.file('s3'),
      port: ports.s3 ?? 0,
      credentials,
      region: REGION,
      buckets: [LANDING, LIBRARY],
      onNotification: (record) => {
        if (isRelocated(record)) queue.send(JSON.stringify({ Records: [record] }));
      },
    }),
  );
  closers.add(() => s3.close());

  const hook =
    options.onRecordHook === undefined
      ? undefined
      : new OnRecordHook({
          script: options.onRecordHook,
          folder: data.file('hook'),
          s3: new S3Client({ endpoint: s3.url, region: REGION, credentials, forcePathStyle: true }),
          onLog: (line) => onLog('hook', line),
        });

  const events = await listening(
    'events',
    ports.events,
    startEventsServer({
      ...PLACE,
      port: ports.events ?? 0,
      busNames: [EVENT_BUS],
      onEvent: (event) => {
        if (isContinued(event)) queue.send(JSON.stringify(event));
        else {
          hook?.onEvent(event);
          options.onEvent?.(event);
        }
      },
      onDefect,
    }),
  );
  closers.add(() => events.close());

  const environment = sdkEnvironment(credentials, { s3: s3.url, events: events.url });
  const held = resources(options.recordingDefaults ?? '{}', options.streamHooks ?? '{}');
  let invoker: AsyncInvoker | undefined;
  const ecs = await listening(
    'ecs',
    ports.ecs,
    startEcsServer({
      ...PLACE,
      port: ports.ecs ?? 0,
      clusterName: CLUSTER,
      taskDefinitions: [
        recorderTaskDefinition({
          resources: held,
          environment,
          spoolFolder: data.file('spool'),
          ffmpegPath: findOnPath('ffmpeg'),
        }),
      ],
      launchDelayMs: options.launchDelayMs ?? 0,
      onTaskEvent: (event) => {
        // The rule of the wiring: tasks that have stopped.
        if (event.detail.lastStatus === TASK_EVENTS.lastStatus) invoker?.send(TASK_EVENTS.function, event);
      },
      onTaskOutput: (_taskId, _stream, line) => onLog('recorder', line),
      onDefect,
    }),
  );
  closers.add(() => ecs.close({ graceMs: 0 }));

  const functions = createFunctions({
    ...PLACE,
    resources: held,
    environment: { ...environment, AWS_ENDPOINT_URL_ECS: ecs.url },
    onLog,
  });
  closers.add(() => functions.close());

  invoker = new AsyncInvoker({
    invoke: (name, event) => functions.invoke(name as FunctionName, event),
    onGivenUp: (name, error) => log('ERROR', 'an event was given up', { function: name, error }),
  });
  closers.add(() => invoker.close());

  const gateway = await listening(
    'api',
    ports.api,
    startGateway({
      port: ports.api ?? 0,
      accountId: ACCOUNT_ID,
      routes: ROUTES,
      defaultFunction: DEFAULT_ROUTE,
      invoke: (name, event) => functions.invoke(name as FunctionName, event),
      onDefect,
    }),
  );
  closers.add(() => gateway.close());

  if (queue.deadLetters.length > 0) {
    log('WARN', 'records that were not moved before are tried again', { count: queue.deadLetters.length });
    queue.redrive();
  }
  relocation.start(async (event) => {
    const invocation = await functions.invoke(RELOCATION.function, event);
    if (!invocation.ok) throw new Error(`${invocation.errorType}: ${invocation.errorMessage}`);
    return invocation.payload;
  });

  invoker.every(SCHEDULE.everyMinutes * 60_000, SCHEDULE.function, () => ({
    scheduledAt: new Date().toISOString(),
  }));

  const ingest =
    options.ingest === false
      ? undefined
      : await listening(
          'rtmp',
          ports.rtmp,
          startIngest({
            port: ports.rtmp ?? 0,
            dataDir: data.file('ingest'),
            apiUrl: gateway.url,
            onLog: (line) => onLog('ingest', line),
          }),
        );
  if (ingest !== undefined) closers.add(() => ingest.close(INGEST_CLOSE_MS));

  const runningRecordings = (): string[] =>
    ecs.runningTasks().flatMap(({ startedBy }) => (startedBy === undefined ? [] : [startedBy]));

  /** Aborted when the time to end well is over. */
  const hurry = new AbortController();
  const hurried = new Promise<void>((resolve) => hurry.signal.addEventListener('abort', () => resolve()));

  async function finish(): Promise<void> {
    await stopRecordings({
      apiUrl: gateway.url,
      running: runningRecordings,
      signal: hurry.signal,
      onProblem: (reason, recordingId) =>
        log('WARN', 'a recording could not be stopped', { recordingId, reason }),
    });
    await Promise.race([queue.drained().then(() => hook?.idle()), hurried]);
    if (runningRecordings().length > 0) log('ERROR', 'recordings were ended before they had finished');
    if (queue.pending > 0)
      log('WARN', 'records are still to be moved; the next start does it', { count: queue.pending });
    await closers.closeAll();
  }
  let finished: Promise<void> | undefined;

  return {
    apiUrl: gateway.url,
    s3Url: s3.url,
    ecsUrl: ecs.url,
    eventsUrl: events.url,
    rtmpUrl: ingest?.url,
    region: REGION,
    credentials,
    faults: { s3: s3.faults, ecs: ecs.faults, events: events.faults },
    simulation: ecs.simulation,
    runningRecordings,
    deadLetters: () => queue.deadLetters,
    async close({ graceMs = GRACE_MS } = {}) {
      const timer = setTimeout(() => hurry.abort(), graceMs);
      finished ??= finish();
      await finished.finally(() => clearTimeout(timer));
    },
  };
}
