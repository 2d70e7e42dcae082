import { ROUTES as API_ROUTES, type Route } from '../functions/core/api/routes.ts';
import { EVENT_SOURCE, MOVE_CONTINUES } from '../functions/core/events/published.ts';
import type { FunctionSpec, Grant, QueueName } from './wiringTypes.ts';

export { HOST_TASK, RECORDER_TASK } from './wiringRecorders.ts';
export type * from './wiringTypes.ts';

/**
 * The one description of the deployment: functions, routes, environment, queues, rights. The CDK construct and the
 * local runtime both read it, so that they cannot drift apart.
 */

const state = (...folders: string[]): string[] => folders.map((folder) => `state/${folder}/*`);

/** What asking for a recorder, and stopping its task, needs to know. */
const CONTROL_ENVIRONMENT = {
  LANDING_BUCKET: 'landingBucket',
  CLUSTER_ARN: 'clusterArn',
  LAUNCH_QUEUE_URL: 'launchQueueUrl',
  ASSIGNMENTS_QUEUE_URL: 'assignmentsQueueUrl',
} as const;

/** What RunTask needs to know. */
const LAUNCHER_ENVIRONMENT = {
  TASK_DEFINITION: 'taskDefinition',
  CONTAINER_NAME: 'containerName',
  SUBNET_IDS: 'subnetIds',
  SECURITY_GROUP_IDS: 'securityGroupIds',
  CAPACITY_PROVIDERS: 'capacityProviders',
} as const;

/** What the API's functions need to know. */
const API_ENVIRONMENT = {
  ...CONTROL_ENVIRONMENT,
  RECORDING_DEFAULTS: 'recordingDefaults',
  STREAM_HOOKS: 'streamHooks',
} as const;

/** Asks for a recorder, and tells the host that carries one what was asked of it. */
const ASK_GRANTS = [
  { on: 'recorderTask', actions: ['ecs:ListTasks', 'ecs:StopTask'] },
  { on: 'queue', queue: 'launch', actions: ['sqs:SendMessage'] },
  { on: 'queue', queue: 'assignments', actions: ['sqs:SendMessage'] },
  { on: 'landing', actions: ['s3:PutObject'], keys: state('hosts') },
] as const satisfies readonly Grant[];

const CONTROL_STATE = state(
  ...['locks', 'recordings', 'active', 'index', 'reservations', 'sessions', 'listed', 'rooms'],
);

/** Starts and stops recordings. */
const CONTROL_GRANTS = [
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: CONTROL_STATE },
  // Whether everything that is alive is marked.
  { on: 'landing', actions: ['s3:GetObject'], keys: state('reconcile') },
  { on: 'landing', list: [...CONTROL_STATE, ...state('reconcile', 'writing')] },
  ...ASK_GRANTS,
] as const satisfies readonly Grant[];

/** The library, and how objects are stored there: `default` is the bucket's own. */
const LIBRARY_ENVIRONMENT = {
  LIBRARY_BUCKET: 'libraryBucket',
  LIBRARY_STORAGE_CLASS: 'libraryStorageClass',
  LIBRARY_KMS_KEY_ARN: 'libraryKmsKeyArn',
} as const;

/** Moves a record from landing to the library. */
const RELOCATE_GRANTS = [
  {
    on: 'landing',
    actions: ['s3:GetObject', 's3:GetObjectTagging', 's3:DeleteObject'],
    keys: ['records/*'],
  },
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('recordings') },
  { on: 'landing', list: ['records/*', 'state/recordings/*'] },
  {
    on: 'library',
    actions: [
      's3:GetObject',
      's3:PutObject',
      's3:PutObjectTagging',
      's3:AbortMultipartUpload',
      's3:ListMultipartUploadParts',
    ],
    keys: ['*'],
  },
  { on: 'library', list: ['*'] },
  { on: 'eventBus', actions: ['events:PutEvents'] },
] as const satisfies readonly Grant[];

/** Completes what a recorder left behind, and asks for the next one. */
const AFTERMATH_GRANTS = [
  {
    on: 'landing',
    actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    keys: ['records/*'],
  },
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('recordings', 'locks') },
  // A recording that follows another one, of a stream that was published again.
  { on: 'landing', actions: ['s3:PutObject'], keys: state('index', 'rooms', 'active') },
  { on: 'landing', actions: ['s3:GetObject'], keys: state('sessions') },
  { on: 'landing', actions: ['s3:GetObject', 's3:DeleteObject'], keys: state('tails', 'active') },
  { on: 'landing', actions: ['s3:DeleteObject'], keys: state('writing') },
  { on: 'landing', list: state('recordings', 'active', 'writing', 'locks', 'sessions', 'tails') },
  ...ASK_GRANTS,
] as const satisfies readonly Grant[];

export const FUNCTIONS = {
  wcs: {
    name: 'wcs',
    description: "Answers WCS's REST methods: starts and stops recordings, finds streams",
    // API Gateway gives up after 30 s.
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: { ...API_ENVIRONMENT, WCS_PORTS_AUTH: 'wcsPortsAuth' },
    grants: CONTROL_GRANTS,
  },
  recordings: {
    name: 'recordings',
    description: 'Answers for recordings as resources: starts, lists, shows, stops, rotates, deletes them',
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: API_ENVIRONMENT,
    grants: [
      ...CONTROL_GRANTS,
      { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('idempotency') },
      { on: 'landing', actions: ['s3:DeleteObject'], keys: state('recordings', 'active', 'index', 'rooms') },
      { on: 'landing', list: ['state/idempotency/*'] },
      // Presigned links carry this function's rights. Records are deleted where a caller asks for it by name.
      { on: 'library', actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:DeleteObject'], keys: ['*'] },
    ],
  },
  streams: {
    name: 'streams',
    description: "Keeps the registry of streams, by the API and by media servers' hooks",
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: API_ENVIRONMENT,
    grants: CONTROL_GRANTS,
  },
  rooms: {
    name: 'rooms',
    description: 'Answers for rooms: lists them, shows their recordings on one timeline',
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: { LANDING_BUCKET: 'landingBucket' },
    grants: [
      { on: 'landing', actions: ['s3:GetObject'], keys: state('rooms', 'recordings') },
      { on: 'landing', list: state('rooms', 'recordings') },
      // Presigned links carry this function's rights.
      { on: 'library', actions: ['s3:GetObject', 's3:GetObjectVersion'], keys: ['*'] },
    ],
  },
  notFound: {
    name: 'notFound',
    description: 'Answers unknown routes and wrong methods with a JSON error',
    timeoutSeconds: 10,
    memoryMb: 128,
    environment: {},
    grants: [],
  },
  relocate: {
    name: 'relocate',
    description: 'Moves each finished record from landing to the library and announces it',
    timeoutSeconds: 300,
    memoryMb: 512,
    environment: {
      LANDING_BUCKET: 'landingBucket',
      ...LIBRARY_ENVIRONMENT,
      EVENT_BUS_NAME: 'eventBusName',
      RELOCATION_QUEUE_URL: 'relocationQueueUrl',
      RELOCATION_RETRY_SECONDS: 'relocationRetrySeconds',
    },
    // Its event source may change a message's visibility.
    grants: RELOCATE_GRANTS,
  },
  launch: {
    name: 'launch',
    description: 'Gets a recorder for each attempt that nobody has claimed',
    // A RunTask that takes longer is asked for again.
    timeoutSeconds: 20,
    memoryMb: 512,
    environment: { ...CONTROL_ENVIRONMENT, ...LAUNCHER_ENVIRONMENT, EVENT_BUS_NAME: 'eventBusName' },
    grants: [
      ...AFTERMATH_GRANTS,
      { on: 'eventBus', actions: ['events:PutEvents'] },
      // RunTask copies the task definition's tags onto the task, which is a right of its own.
      { on: 'recorderTask', actions: ['ecs:RunTask', 'ecs:TagResource'] },
    ],
  },
  taskStopped: {
    name: 'taskStopped',
    description:
      "Rescues what a recorder left, and starts the next attempt or writes the recording's outcome",
    timeoutSeconds: 300,
    // Holds the tails of one part at a time.
    memoryMb: 1024,
    environment: {
      ...CONTROL_ENVIRONMENT,
      SETTLE_QUEUE_URL: 'settleQueueUrl',
      EVENT_BUS_NAME: 'eventBusName',
    },
    grants: [
      ...AFTERMATH_GRANTS,
      { on: 'eventBus', actions: ['events:PutEvents'] },
      // What a host carried that is gone.
      { on: 'landing', actions: ['s3:GetObject', 's3:DeleteObject'], keys: state('hosts') },
      { on: 'landing', list: state('hosts') },
      { on: 'queue', queue: 'settle', actions: ['sqs:SendMessage'] },
    ],
  },
  settle: {
    name: 'settle',
    description: 'Settles attempts that ended inside a host, or with it',
    timeoutSeconds: 300,
    memoryMb: 1024,
    environment: { ...CONTROL_ENVIRONMENT, EVENT_BUS_NAME: 'eventBusName' },
    grants: [...AFTERMATH_GRANTS, { on: 'eventBus', actions: ['events:PutEvents'] }],
  },
  reconcile: {
    name: 'reconcile',
    description: 'Compares state, ECS and S3 on a schedule, and mends what differs',
    timeoutSeconds: 300,
    memoryMb: 1024,
    environment: {
      ...CONTROL_ENVIRONMENT,
      ...LIBRARY_ENVIRONMENT,
      EVENT_BUS_NAME: 'eventBusName',
    },
    grants: [
      ...AFTERMATH_GRANTS,
      ...RELOCATE_GRANTS,
      { on: 'landing', uploads: true },
      { on: 'recorderTask', actions: ['ecs:DescribeTasks'] },
      // Where it goes on; and recordings and streams of a version without markers.
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:PutObject'],
        keys: state('reconcile', 'active', 'listed'),
      },
      // Old state of recordings that have ended, and what nobody needs any more; a delete under If-Match reads.
      { on: 'landing', actions: ['s3:DeleteObject'], keys: state('recordings', 'index', 'rooms') },
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:DeleteObject'],
        keys: state('sessions', 'listed', 'locks', 'reservations', 'idempotency'),
      },
      { on: 'landing', list: state('index', 'reconcile', 'listed', 'reservations', 'idempotency') },
    ],
  },
} as const satisfies Record<string, FunctionSpec>;

export type FunctionName = keyof typeof FUNCTIONS;

export interface RouteSpec extends Route {
  readonly function: FunctionName;
}

export const ROUTES: readonly RouteSpec[] = API_ROUTES;

/** What no route matches: API Gateway's `$default`. */
export const DEFAULT_ROUTE: FunctionName = 'notFound';

/** Landing's ObjectCreated events below this prefix go through the queue to `relocate`. */
export const RELOCATION = {
  function: 'relocate',
  prefix: 'records/',
  /** Events of our own that go the same way: a large copy goes on. */
  continues: { source: EVENT_SOURCE, detailType: MOVE_CONTINUES },
  /** One, so that no record takes the time of another: a large one is read for minutes. */
  batchSize: 1,
  batchWindowSeconds: 0,
  /** Six times the function's time-out, as Lambda's manual asks for. */
  visibilityTimeoutSeconds: 6 * FUNCTIONS.relocate.timeoutSeconds,
  /** After so many tries a message waits in the dead-letter queue. */
  maxReceiveCount: 5,
  /** From one try to the next: 15 s, a minute, four, sixteen. Whoever must know hears of it after 21 minutes. */
  retrySeconds: [15, 60, 240, 960],
} as const;

/** Hosts poll it. A message that nobody takes is of no use for longer than a start may take. */
export const ASSIGNMENTS = { visibilityTimeoutSeconds: 5, retentionSeconds: 120 } as const;

/** Each queue's messages go to its function; one that fails comes again. */
export const QUEUES = {
  launch: {
    function: 'launch',
    batchSize: 1,
    /** Running at a time: ECS takes 20 calls a second, and the rest may wait. */
    maxConcurrency: 20,
    visibilityTimeoutSeconds: 6 * FUNCTIONS.launch.timeoutSeconds,
    /** What nobody launched by then was found by the schedule. */
    retentionSeconds: 3_600,
  },
  settle: {
    function: 'settle',
    batchSize: 1,
    maxConcurrency: 100,
    visibilityTimeoutSeconds: 6 * FUNCTIONS.settle.timeoutSeconds,
    retentionSeconds: 14 * 24 * 3_600,
  },
} as const satisfies Readonly<
  Record<
    Exclude<QueueName, 'assignments'>,
    { readonly function: FunctionName; readonly [setting: string]: unknown }
  >
>;

/** ECS's task state changes of our cluster: EventBridge hands those of tasks whose container has ended to this function. */
export const TASK_EVENTS = {
  function: 'taskStopped',
  source: 'aws.ecs',
  detailType: 'ECS Task State Change',
  /** The one in which a container shows its exit code, and the last one, if the other is lost. */
  lastStatuses: ['DEPROVISIONING', 'STOPPED'],
  /** EventBridge tries again for as long; what fails for longer is mended by the schedule. */
  retryHours: 2,
} as const;

/** What is done again and again. */
export const SCHEDULE = { function: 'reconcile', everyMinutes: 5 } as const;
