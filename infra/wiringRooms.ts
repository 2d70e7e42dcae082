import { EVENT_SOURCE, EVENT_TYPES } from '../functions/core/events/published.ts';
import { PLAYBACK_ENVIRONMENT, PLAYBACK_KEY_GRANTS, state } from './wiringGrants.ts';
import type { FunctionSpec } from './wiringTypes.ts';

/** Of the wiring (./wiring.ts): who answers for rooms, and for what they are merged into. */
export const ROOM_FUNCTIONS = {
  rooms: {
    name: 'rooms',
    description: 'Answers for rooms: lists them, shows their recordings on one timeline, asks for merges',
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: {
      LANDING_BUCKET: 'landingBucket',
      CLIPS_QUEUE_URL: 'clipsQueueUrl',
      // Of the recordings that rooms are merged into.
      RECORDING_DEFAULTS: 'recordingDefaults',
      ...PLAYBACK_ENVIRONMENT,
    },
    grants: [
      ...PLAYBACK_KEY_GRANTS,
      { on: 'landing', actions: ['s3:GetObject'], keys: state('recordings', 'hosts') },
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:PutObject'],
        keys: state('rooms', 'idempotency'),
      },
      { on: 'landing', list: state('rooms', 'recordings', 'hosts', 'idempotency') },
      { on: 'queue', queue: 'clips', actions: ['sqs:SendMessage'] },
    ],
  },
} as const satisfies Record<string, FunctionSpec>;

/** Makes merges, besides clips: the function `cut`. */
export const MERGE_GRANTS = [
  { on: 'landing', actions: ['s3:GetObject'], keys: state('rooms') },
  {
    on: 'landing',
    actions: ['s3:PutObject'],
    keys: [
      ...['plan', 'launch', 'progress', 'refused', 'outcome'].map(
        (file) => `state/rooms/mergeJobs/*/${file}.json`,
      ),
      ...state('rooms/merging'),
      // One that nobody asks for.
      'state/rooms/mergeJobs/*/job.json',
      ...state('rooms/left', 'rooms/mergeIndex', 'rooms/merges'),
      // The recording that a merge becomes.
      ...['job.json', 'outcome.json', 'parts/*'].map((name) => `state/recordings/*/${name}`),
      ...state('index'),
    ],
  },
  // A merge that is given up leaves nothing.
  { on: 'landing', actions: ['s3:DeleteObject'], keys: state('rooms/merging', 'recordings') },
  // Who is there yet.
  { on: 'landing', list: ['records/*', ...state('rooms', 'index', 'active')] },
  // Its file, until relocate has it.
  {
    on: 'landing',
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    keys: ['records/*'],
  },
  { on: 'mergeTask', actions: ['ecs:RunTask', 'ecs:TagResource'] },
  { on: 'mergeTask', actions: ['ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:StopTask'] },
] as const satisfies FunctionSpec['grants'];

/** Events of our own that make the clips queue look after a room: somebody has left one that is to become one file by itself. */
export const DEPARTURES = {
  queue: 'clips',
  source: EVENT_SOURCE,
  detailTypes: [EVENT_TYPES.recordingFinished, EVENT_TYPES.recordingFailed],
  detail: { mergeRoom: [true] },
} as const;
