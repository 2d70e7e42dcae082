import type { Grant } from './wiringTypes.ts';

/** What functions of the wiring (./wiring.ts) have in common: what they are told, and their rights. */

export const state = (...folders: string[]): string[] => folders.map((folder) => `state/${folder}/*`);

/** What asking for a recorder, and stopping its task, needs to know. */
export const CONTROL_ENVIRONMENT = {
  LANDING_BUCKET: 'landingBucket',
  CLUSTER_ARN: 'clusterArn',
  LAUNCH_QUEUE_URL: 'launchQueueUrl',
  ASSIGNMENTS_QUEUE_URL: 'assignmentsQueueUrl',
} as const;

/** Where RunTask places a task. */
const PLACEMENT_ENVIRONMENT = {
  SUBNET_IDS: 'subnetIds',
  SECURITY_GROUP_IDS: 'securityGroupIds',
  ASSIGN_PUBLIC_IP: 'assignPublicIp',
  CAPACITY_PROVIDERS: 'capacityProviders',
} as const;

/** What RunTask needs to know. */
export const LAUNCHER_ENVIRONMENT = {
  TASK_DEFINITION: 'taskDefinition',
  CONTAINER_NAME: 'containerName',
  ...PLACEMENT_ENVIRONMENT,
} as const;

/** The same of a task that composes a merge. */
export const MERGE_TASK_ENVIRONMENT = {
  CLUSTER_ARN: 'clusterArn',
  MERGE_TASK_DEFINITION: 'mergeTaskDefinition',
  MERGE_CONTAINER_NAME: 'mergeContainerName',
  ...PLACEMENT_ENVIRONMENT,
} as const;

/** What the API's functions need to know. */
export const API_ENVIRONMENT = {
  ...CONTROL_ENVIRONMENT,
  RECORDING_DEFAULTS: 'recordingDefaults',
  RECORDING_LIMITS: 'recordingLimits',
  STREAM_HOOKS: 'streamHooks',
} as const;

/** Asks for a recorder, and tells the host that carries one what was asked of it. */
const ASK_GRANTS = [
  { on: 'recorderTask', actions: ['ecs:ListTasks', 'ecs:StopTask'] },
  { on: 'queue', queue: 'launch', actions: ['sqs:SendMessage'] },
  { on: 'queue', queue: 'assignments', actions: ['sqs:SendMessage'] },
  // How its attempt goes is in the host's heartbeat.
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('hosts') },
  { on: 'landing', list: state('hosts') },
] as const satisfies readonly Grant[];

const CONTROL_STATE = state(
  ...['locks', 'recordings', 'active', 'index', 'reservations', 'sessions', 'listed', 'rooms'],
);

/** Starts and stops recordings. */
export const CONTROL_GRANTS = [
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: CONTROL_STATE },
  // Whether everything that is alive is marked.
  { on: 'landing', actions: ['s3:GetObject'], keys: state('reconcile') },
  { on: 'landing', list: [...CONTROL_STATE, ...state('reconcile', 'writing')] },
  ...ASK_GRANTS,
] as const satisfies readonly Grant[];

/** The library, and how objects are stored there: `default` is the bucket's own. */
export const LIBRARY_ENVIRONMENT = {
  LIBRARY_BUCKET: 'libraryBucket',
  LIBRARY_STORAGE_CLASS: 'libraryStorageClass',
  LIBRARY_KMS_KEY_ARN: 'libraryKmsKeyArn',
} as const;

/** Makes and reads the links by which recordings are played, and files are had. */
export const PLAYBACK_ENVIRONMENT = { PLAYBACK_KEY_SECRET_ARN: 'playbackKeyArn' } as const;
export const PLAYBACK_KEY_GRANTS = [
  { on: 'playbackKey', actions: ['secretsmanager:GetSecretValue'] },
] as const satisfies readonly Grant[];

/** Moves a record from landing to the library. */
export const RELOCATE_GRANTS = [
  {
    on: 'landing',
    actions: ['s3:GetObject', 's3:DeleteObject'],
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

/** Publishes what happens to a recording, notes it, and takes the note back of one that was deleted meanwhile. */
export const ANNOUNCE_GRANTS = [
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('recordings') },
  { on: 'landing', actions: ['s3:DeleteObject'], keys: ['state/recordings/*/events/*'] },
  { on: 'eventBus', actions: ['events:PutEvents'] },
] as const satisfies readonly Grant[];

/** Completes what a recorder left behind, and asks for the next one. */
export const AFTERMATH_GRANTS = [
  {
    on: 'landing',
    actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    keys: ['records/*'],
  },
  { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('locks') },
  ...ANNOUNCE_GRANTS,
  // A recording that follows another one, of a stream that was published again.
  { on: 'landing', actions: ['s3:PutObject'], keys: state('index', 'rooms', 'active') },
  { on: 'landing', actions: ['s3:GetObject'], keys: state('sessions') },
  // Tails are of recorders of version 0.1.
  { on: 'landing', actions: ['s3:GetObject', 's3:DeleteObject'], keys: state('journal', 'tails', 'active') },
  { on: 'landing', actions: ['s3:DeleteObject'], keys: state('writing') },
  { on: 'landing', list: state('recordings', 'active', 'writing', 'locks', 'sessions', 'journal', 'tails') },
  ...ASK_GRANTS,
] as const satisfies readonly Grant[];

/** Of whoever settles what ended with its host or task. */
export const SETTLING_ENVIRONMENT = {
  ...CONTROL_ENVIRONMENT,
  SETTLE_QUEUE_URL: 'settleQueueUrl',
  EVENT_BUS_NAME: 'eventBusName',
} as const;
export const SETTLING_GRANTS = [
  ...AFTERMATH_GRANTS,
  // What a host carried that is gone.
  { on: 'landing', actions: ['s3:DeleteObject'], keys: state('hosts') },
  { on: 'queue', queue: 'settle', actions: ['sqs:SendMessage'] },
] as const satisfies readonly Grant[];
