import { ROUTES as API_ROUTES, type Route } from '../functions/core/api/routes.ts';
import { EVENT_SOURCE, MOVE_CONTINUES } from '../functions/core/events/published.ts';
import { CLIP_FUNCTIONS } from './wiringClips.ts';
import {
  AFTERMATH_GRANTS,
  API_ENVIRONMENT,
  CONTROL_ENVIRONMENT,
  CONTROL_GRANTS,
  LAUNCHER_ENVIRONMENT,
  LIBRARY_ENVIRONMENT,
  PLAYBACK_ENVIRONMENT,
  PLAYBACK_KEY_GRANTS,
  RELOCATE_GRANTS,
  SETTLING_ENVIRONMENT,
  SETTLING_GRANTS,
  state,
} from './wiringGrants.ts';
import { ROOM_FUNCTIONS } from './wiringRooms.ts';
import type { FunctionSpec, QueueName } from './wiringTypes.ts';

export { JOINS } from './wiringClips.ts';
export { aliveScript, HOST_TASK, MERGE_TASK, RECORDER_TASK } from './wiringRecorders.ts';
export { DEPARTURES } from './wiringRooms.ts';
export type * from './wiringTypes.ts';

/**
 * The one description of the deployment: functions, routes, environment, queues, rights. The CDK construct and the
 * local runtime both read it, so that they cannot drift apart.
 */

/**
 * A whole vCPU. Someone waits for what these answer, and a new environment's first call is all computing: with 512 MB it would
 * have 0.29 of one (docs/decisions/cold-start.md).
 */
const WAITED_FOR_MB = 1769;

export const FUNCTIONS = {
  wcs: {
    name: 'wcs',
    description: "Answers WCS's REST methods: starts and stops recordings, finds streams",
    // API Gateway gives up after 30 s.
    timeoutSeconds: 29,
    memoryMb: WAITED_FOR_MB,
    environment: { ...API_ENVIRONMENT, WCS_PORTS_AUTH: 'wcsPortsAuth' },
    grants: CONTROL_GRANTS,
  },
  recordings: {
    name: 'recordings',
    description: 'Answers for recordings as resources: starts, lists, shows, stops, rotates, deletes them',
    timeoutSeconds: 29,
    memoryMb: WAITED_FOR_MB,
    environment: { ...API_ENVIRONMENT, ...PLAYBACK_ENVIRONMENT },
    grants: [
      ...CONTROL_GRANTS,
      ...PLAYBACK_KEY_GRANTS,
      { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('idempotency') },
      {
        on: 'landing',
        actions: ['s3:DeleteObject'],
        keys: state('recordings', 'active', 'index', 'rooms', 'clips'),
      },
      { on: 'landing', list: state('idempotency') },
      // Records are deleted where a caller asks for it by name, under If-Match, which reads; of one that is gone S3 says so
      // to those alone who may list.
      { on: 'library', list: ['*'] },
      {
        on: 'library',
        actions: ['s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
        keys: ['*'],
      },
    ],
  },
  play: {
    name: 'play',
    description:
      'Answers links, for whoever has one: playlists, where their segments lie, and where files lie',
    timeoutSeconds: 29,
    // Compresses the list of a day.
    memoryMb: 1024,
    environment: { LANDING_BUCKET: 'landingBucket', ...PLAYBACK_ENVIRONMENT },
    grants: [
      ...PLAYBACK_KEY_GRANTS,
      { on: 'landing', actions: ['s3:GetObject'], keys: state('recordings', 'hosts', 'journal') },
      {
        on: 'landing',
        actions: ['s3:PutObject'],
        keys: [
          ...['vod.m3u8', 'live/*.json'].map((name) => `state/recordings/*/${name}`),
          // Whoever records hears that somebody watches.
          ...['recordings/*/control.json', 'hosts/*/asks/*', 'hosts/*/nudge.json'].map(
            (name) => `state/${name}`,
          ),
        ],
      },
      { on: 'landing', list: state('recordings', 'hosts', 'journal') },
      // Presigned links carry this function's rights. Whoever may not list is told 403 of what is gone, and looks for a right.
      { on: 'library', actions: ['s3:GetObject', 's3:GetObjectVersion'], keys: ['*'] },
      { on: 'library', list: ['*'] },
    ],
  },
  ...CLIP_FUNCTIONS,
  streams: {
    name: 'streams',
    description: "Keeps the registry of streams, by the API and by media servers' hooks",
    timeoutSeconds: 29,
    memoryMb: WAITED_FOR_MB,
    environment: API_ENVIRONMENT,
    grants: CONTROL_GRANTS,
  },
  ...ROOM_FUNCTIONS,
  status: {
    name: 'status',
    description: 'Says how the deployment is: what goes on, hosts, queues, what was mended',
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: { LANDING_BUCKET: 'landingBucket', WATCHED_QUEUES: 'watchedQueues' },
    grants: [
      { on: 'landing', actions: ['s3:GetObject'], keys: state('hosts', 'reconcile') },
      { on: 'landing', list: state('active', 'hosts', 'reconcile') },
      { on: 'watchedQueues', actions: ['sqs:GetQueueAttributes'] },
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
    environment: {
      ...CONTROL_ENVIRONMENT,
      ...LAUNCHER_ENVIRONMENT,
      EVENT_BUS_NAME: 'eventBusName',
      HOSTS_SERVICE: 'hostsService',
      HOSTS_MAX: 'hostsMax',
    },
    grants: [
      ...AFTERMATH_GRANTS,
      // RunTask copies the task definition's tags onto the task, which is a right of its own.
      { on: 'recorderTask', actions: ['ecs:RunTask', 'ecs:TagResource'] },
      // One host more, where they have no room.
      { on: 'recorderTask', actions: ['ecs:DescribeServices', 'ecs:UpdateService'] },
    ],
  },
  taskStopped: {
    name: 'taskStopped',
    description:
      "Rescues what a recorder left, and starts the next attempt or writes the recording's outcome",
    timeoutSeconds: 300,
    // Holds what was saved of one part at a time.
    memoryMb: 1024,
    environment: SETTLING_ENVIRONMENT,
    grants: SETTLING_GRANTS,
  },
  settle: {
    name: 'settle',
    description: 'Settles attempts that ended inside a host, or with it',
    timeoutSeconds: 300,
    // A whole vCPU: the ten recordings of a worker are asked for again within a second; and what it wrote is held at once.
    memoryMb: 1769,
    environment: SETTLING_ENVIRONMENT,
    grants: SETTLING_GRANTS,
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
      HOSTS_SERVICE: 'hostsService',
      CLIPS_QUEUE_URL: 'clipsQueueUrl',
    },
    grants: [
      ...AFTERMATH_GRANTS,
      ...RELOCATE_GRANTS,
      // Clips that were not made: what is not among the rights above.
      { on: 'library', actions: ['s3:GetObjectVersion', 's3:DeleteObject'], keys: ['*'] },
      { on: 'library', uploads: true },
      { on: 'landing', uploads: true },
      { on: 'recorderTask', actions: ['ecs:DescribeTasks', 'ecs:DescribeServices'] },
      // Where it goes on; recordings and streams of a version without markers; what follows where one file is not enough.
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:PutObject'],
        keys: state('reconcile', 'active', 'listed', 'clips'),
      },
      // Old state of recordings that have ended, and what nobody needs any more; a delete under If-Match reads.
      {
        on: 'landing',
        actions: ['s3:DeleteObject'],
        keys: state('recordings', 'index', 'hosts', 'clips'),
      },
      // Merges that nobody has looked at lately are asked for again.
      { on: 'queue', queue: 'clips', actions: ['sqs:SendMessage'] },
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:DeleteObject'],
        keys: state('sessions', 'listed', 'locks', 'reservations', 'idempotency', 'rooms'),
      },
      {
        on: 'landing',
        list: state(...['index', 'reconcile', 'listed', 'reservations', 'idempotency', 'clips', 'rooms']),
      },
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
  clips: {
    function: 'cut',
    batchSize: 1,
    maxConcurrency: 20,
    visibilityTimeoutSeconds: 6 * FUNCTIONS.cut.timeoutSeconds,
    /** A clip may wait for a part that is recorded for days; what is older is found by the schedule. */
    retentionSeconds: 4 * 24 * 3_600,
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
