import { type EcsServer, type EcsTaskStateChangeEvent, startEcsServer } from '../emulators/ecs/server.ts';
import { type EventBridgeEvent, type EventsServer, startEventsServer } from '../emulators/events/server.ts';
import type { Queue } from '../emulators/queue/queue.ts';
import { type S3Server, startS3Server } from '../emulators/s3/server.ts';
import { CONSOLE, ON_RECORD_SCRIPT } from '../optionalFunctions.ts';
import { DEFAULT_ROUTE, type FunctionName, ROUTES, TASK_EVENTS } from '../wiring.ts';
import { API_CORS, BUCKET_CORS } from '../wiringCors.ts';
import { bundledRecorder } from './bundles.ts';
import { CONSOLE_ROUTES, consoleFunction } from './consoleFunction.ts';
import { type Gateway, startGateway } from './gateway/server.ts';
import type { Ground } from './ground.ts';
import type { HostedRecordings } from './hostedRecordings.ts';
import { type Ingest, startIngest } from './ingest/ingest.ts';
import { createFunctions, type Functions, localFunction } from './lambda/functions.ts';
import { OnRecordHook } from './onRecordHook.ts';
import {
  ACCOUNT_ID,
  CLUSTER,
  clipsAsks,
  EVENT_BUS,
  functionEnvironment,
  isContinued,
  isRelocated,
  LANDING,
  LIBRARY,
  REGION,
  resources,
  sdkEnvironment,
} from './place.ts';
import { LocalQueues } from './queues.ts';
import {
  hostService,
  hostTaskDefinition,
  mergeTaskDefinition,
  recorderTaskDefinition,
} from './recorderTask.ts';
import type { RuntimeOptions } from './runtimeOptions.ts';
import { listening } from './startError.ts';
import { findOnPath } from './tools.ts';
import { webhookName } from './webhookSettings.ts';

/** The parts of the runtime, one function each, in the order in which they are started (./runtime.ts). */

const LAST_STATUSES: ReadonlySet<string> = new Set(TASK_EVENTS.lastStatuses);
const PLACE = { region: REGION, accountId: ACCOUNT_ID };
const RELOCATION_VISIBILITY_MS = 5_000;
const INGEST_CLOSE_MS = 2_000;

/** All queues, and the endpoint that takes messages for them. */
export function startQueues({ options, data, roles, log, onDefect, closers }: Ground): Promise<LocalQueues> {
  return listening(
    'sqs',
    undefined,
    LocalQueues.start(
      {
        ...PLACE,
        file: (name) => data.file(name),
        relocationVisibilityMs: options.relocationVisibilityMs ?? RELOCATION_VISIBILITY_MS,
        onDeadLetter: (body) => log('ERROR', 'a record was not moved, after all tries', { body }),
        access: roles.access,
        webhooks: (options.webhooks ?? []).map(webhookName),
        onWebhookDeadLetter: (body) => log('ERROR', 'an endpoint did not take an event for a day', { body }),
        onDefect,
      },
      closers,
    ),
  );
}

/** Both buckets; what lands is queued. */
export async function startStorage(
  ground: Ground,
  queue: Queue,
  hosted: HostedRecordings,
): Promise<S3Server> {
  const { options, data, roles, closers } = ground;
  const port = options.ports?.s3;
  const s3 = await listening(
    's3',
    port,
    startS3Server({
      dataDir: data.file('s3'),
      port: port ?? 0,
      credentials: roles.access,
      region: REGION,
      buckets: [LANDING, LIBRARY],
      cors: [BUCKET_CORS],
      onNotification: (record) => {
        hosted.note(record);
        if (isRelocated(record)) queue.send(JSON.stringify({ Records: [record] }));
      },
    }),
  );
  closers.add(() => s3.close());
  return s3;
}

/** The user's script for each record, by the function that runs it in AWS too; undefined where there is none. */
export function startHook(
  { options, data, roles, onLog, log, closers }: Ground,
  urls: Parameters<typeof sdkEnvironment>[1],
): OnRecordHook | undefined {
  if (options.onRecordHook === undefined) return undefined;
  const script = localFunction(ON_RECORD_SCRIPT, {
    ...PLACE,
    environment: {
      ...sdkEnvironment(roles.credentials(ON_RECORD_SCRIPT.name), urls),
      ON_RECORD_SCRIPT: options.onRecordHook,
      SCRIPT_FILE_MAX_BYTES: String(Number.MAX_SAFE_INTEGER),
      SCRIPT_LARGER_RECORDS: 'fail',
      PATH: process.env.PATH ?? '',
      TMPDIR: data.file('hook'),
    },
    onLog: (line) => onLog('hook', line),
  });
  closers.add(() => script.close());
  return new OnRecordHook({
    invoke: (event) => script.invoke(event),
    onGivenUp: ({ detail }, error) =>
      log('ERROR', 'the on-record script was given up', { recordingId: detail.recordingId, error }),
  });
}

/** A large move that goes on is queued; all else is told, and of it what asks for clips or merges is queued too. */
export async function startEventBus(
  ground: Ground,
  queues: LocalQueues,
  onEvent: (event: EventBridgeEvent) => void,
): Promise<EventsServer> {
  const { options, roles, onDefect, closers } = ground;
  const port = options.ports?.events;
  const events = await listening(
    'events',
    port,
    startEventsServer({
      ...PLACE,
      port: port ?? 0,
      busNames: [EVENT_BUS],
      access: roles.access,
      onEvent: (event) => {
        if (isContinued(event)) queues.relocation.send(JSON.stringify(event));
        else {
          for (const ask of clipsAsks(event)) queues.asks.clips.send(JSON.stringify(ask));
          onEvent(event);
          options.onEvent?.(event);
        }
      },
      onDefect,
    }),
  );
  closers.add(() => events.close());
  return events;
}

/** ECS, whose tasks are recorders. @param onStopped the wiring's rule: told of tasks that have stopped */
export async function startRecorders(
  ground: Ground,
  queues: LocalQueues,
  urls: Parameters<typeof sdkEnvironment>[1] & { readonly secretsManager: string },
  onStopped: (event: EcsTaskStateChangeEvent) => void,
): Promise<EcsServer> {
  const { options, data, tasks, roles, onLog, onDefect, closers } = ground;
  const port = options.ports?.ecs;
  const recorder = {
    file: await bundledRecorder(),
    resources: resourcesOf(options, queues),
    environment: (family: string) => ({
      ...sdkEnvironment(roles.credentials(family), urls),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: urls.secretsManager,
    }),
    spoolFolder: data.file('spool'),
    ffmpegPath: findOnPath('ffmpeg'),
    nodeArguments: options.recorderArguments ?? [],
  };
  const ecs = await listening(
    'ecs',
    port,
    startEcsServer({
      ...PLACE,
      port: port ?? 0,
      clusterName: CLUSTER,
      access: roles.access,
      taskDefinitions: [
        recorderTaskDefinition(recorder),
        hostTaskDefinition(recorder),
        mergeTaskDefinition(recorder),
      ],
      services: hostService(options.hosts ?? 0),
      launchDelayMs: options.launchDelayMs ?? 0,
      journal: tasks,
      onTaskEvent: (event) => {
        if (LAST_STATUSES.has(event.detail.lastStatus)) onStopped(event);
      },
      onTaskOutput: (_taskId, _stream, line) => onLog('recorder', line),
      onDefect,
    }),
  );
  closers.add(() => ecs.close({ graceMs: 0 }));
  return ecs;
}

export function startFunctions(
  { options, roles, onLog, closers }: Ground,
  queues: LocalQueues,
  urls: Parameters<typeof functionEnvironment>[1],
): Functions {
  const functions = createFunctions({
    ...PLACE,
    resources: resourcesOf(options, queues),
    environment: (name) => functionEnvironment(roles.credentials(name), urls),
    onLog,
    promptEnvironments: options.promptEnvironments,
  });
  closers.add(() => functions.close());
  return functions;
}

/** The HTTP API, and the console where it is wanted. */
export async function startApi(ground: Ground, functions: Functions, s3Url: string): Promise<Gateway> {
  const { options, data, onDefect, onLog, closers } = ground;
  const port = options.ports?.api;
  const origins = options.corsOrigins ?? [];
  const { integrationTimeoutMs } = options;
  const page =
    options.console === true
      ? await consoleFunction({ ...PLACE, folder: data.file('console'), s3Url, onLog })
      : undefined;
  if (page !== undefined) closers.add(() => page.close());
  const gateway = await listening(
    'api',
    port,
    startGateway({
      port: port ?? 0,
      accountId: ACCOUNT_ID,
      routes: page === undefined ? ROUTES : [...ROUTES, ...CONSOLE_ROUTES],
      defaultFunction: DEFAULT_ROUTE,
      ...(integrationTimeoutMs !== undefined && { integrationTimeoutMs }),
      cors: origins.length === 0 ? undefined : { ...API_CORS, allowedOrigins: origins },
      invoke: (name, event) =>
        name === CONSOLE.function.name && page !== undefined
          ? page.invoke(event)
          : functions.invoke(name as FunctionName, event),
      onDefect,
    }),
  );
  closers.add(() => gateway.close());
  return gateway;
}

/** Hands what is queued to the functions, records that could not be moved before the last end too. */
export function connectQueues({ log }: Ground, queues: LocalQueues, functions: Functions): void {
  const { relocation } = queues;
  if (relocation.deadLetters.length > 0) {
    log('WARN', 'records that were not moved before are tried again', {
      count: relocation.deadLetters.length,
    });
    relocation.redrive();
  }
  queues.connect((name, event) => functions.invoke(name, event));
}

/** The RTMP ingest, unless it is not wanted. */
export async function startRtmp(ground: Ground, apiUrl: string): Promise<Ingest | undefined> {
  const { options, data, onLog, closers } = ground;
  if (options.ingest === false) return undefined;
  const port = options.ports?.rtmp;
  const ingest = await listening(
    'rtmp',
    port,
    startIngest({
      port: port ?? 0,
      dataDir: data.file('ingest'),
      apiUrl,
      onLog: (line) => onLog('ingest', line),
    }),
  );
  closers.add(() => ingest.close(INGEST_CLOSE_MS));
  return ingest;
}

function resourcesOf(options: RuntimeOptions, { server }: LocalQueues): ReturnType<typeof resources> {
  return resources(
    options,
    (name) => server.queueUrl(name),
    options.hosts ?? 0,
    options.relocationVisibilityMs ?? RELOCATION_VISIBILITY_MS,
  );
}
