import { EVENT_SOURCE, EVENT_TYPES } from '../functions/core/events/published.ts';
import {
  LIBRARY_ENVIRONMENT,
  MERGE_TASK_ENVIRONMENT,
  PLAYBACK_ENVIRONMENT,
  PLAYBACK_KEY_GRANTS,
  state,
} from './wiringGrants.ts';
import { MERGE_GRANTS } from './wiringRooms.ts';
import type { FunctionSpec } from './wiringTypes.ts';

/** Of the wiring (./wiring.ts): who answers for clips, and who makes them. */

/** Makes clips: `cut`, and `reconcile` those that were not made, which has most of these rights for other reasons. */
export const CLIP_MAKING_GRANTS = [
  // Of what is still recorded a clip is made out of the journal.
  { on: 'landing', actions: ['s3:GetObject'], keys: state('recordings', 'hosts', 'journal') },
  { on: 'landing', actions: ['s3:PutObject'], keys: ['state/recordings/*/clips/*'] },
  // Marks what is to be made: a join that nobody asks for by name, and what follows where one file is not enough.
  { on: 'landing', actions: ['s3:PutObject', 's3:DeleteObject'], keys: state('clips') },
  { on: 'landing', list: state('recordings', 'hosts', 'clips', 'journal') },
  {
    on: 'library',
    actions: [
      's3:GetObject',
      's3:GetObjectVersion',
      's3:PutObject',
      's3:PutObjectTagging',
      // A clip that is deleted while it is written.
      's3:DeleteObject',
      's3:AbortMultipartUpload',
      's3:ListMultipartUploadParts',
    ],
    keys: ['*'],
  },
  { on: 'library', list: ['*'] },
  { on: 'library', uploads: true },
  { on: 'eventBus', actions: ['events:PutEvents'] },
] as const satisfies FunctionSpec['grants'];

export const CLIP_FUNCTIONS = {
  clips: {
    name: 'clips',
    description: 'Answers for clips of recordings: asks for them, lists, shows, deletes them',
    timeoutSeconds: 29,
    memoryMb: 512,
    environment: {
      LANDING_BUCKET: 'landingBucket',
      CLIPS_QUEUE_URL: 'clipsQueueUrl',
      ...PLAYBACK_ENVIRONMENT,
    },
    grants: [
      ...PLAYBACK_KEY_GRANTS,
      { on: 'landing', actions: ['s3:GetObject'], keys: state('recordings', 'hosts') },
      {
        on: 'landing',
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        keys: ['state/recordings/*/clips/*', ...state('clips')],
      },
      // A part that is still recorded is ended where a caller asks for that.
      {
        on: 'landing',
        actions: ['s3:PutObject'],
        keys: ['state/recordings/*/control.json', ...state('hosts')],
      },
      { on: 'landing', list: state('recordings', 'hosts', 'clips') },
      // A clip is deleted where a caller asks for it by name.
      {
        on: 'library',
        actions: ['s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
        keys: ['*'],
      },
      { on: 'library', list: ['*'] },
      { on: 'queue', queue: 'clips', actions: ['sqs:SendMessage'] },
    ],
  },
  cut: {
    name: 'cut',
    description:
      'Makes clips of recordings, and files of rooms, without reading the media of records in the library',
    timeoutSeconds: 300,
    // The tables of a long clip are in memory, and those of all who were in a room.
    memoryMb: 2048,
    environment: {
      LANDING_BUCKET: 'landingBucket',
      ...LIBRARY_ENVIRONMENT,
      EVENT_BUS_NAME: 'eventBusName',
      CLIPS_QUEUE_URL: 'clipsQueueUrl',
      // Of what rooms become by themselves.
      RECORDING_DEFAULTS: 'recordingDefaults',
      ...MERGE_TASK_ENVIRONMENT,
    },
    grants: [
      ...MERGE_GRANTS,
      ...CLIP_MAKING_GRANTS,
      { on: 'queue', queue: 'clips', actions: ['sqs:SendMessage'] },
    ],
  },
} as const satisfies Record<string, FunctionSpec>;

/** Events of our own that go to the clips queue: a recording has ended whose parts are to become one file. */
export const JOINS = {
  queue: 'clips',
  source: EVENT_SOURCE,
  detailTypes: [EVENT_TYPES.recordingFinished, EVENT_TYPES.recordingFailed],
  detail: { join: [true] },
} as const;
