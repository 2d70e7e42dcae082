import * as z from 'zod/mini';
import * as answers from './answers.ts';
import type { ErrorCode } from './errors.ts';
import type { Route } from './routes.ts';
import * as schemas from './schemas.ts';
import { streamFilter } from './wcsAnswers.ts';

/** One operation of the HTTP API, as its document describes it. The schemas are those that the functions validate with. */
export interface DocumentedOperation {
  readonly id: string;
  readonly tag: 'WCS' | 'Recordings' | 'Playback' | 'Rooms' | 'Streams' | 'Hooks';
  readonly method: Route['method'];
  readonly path: string;
  readonly summary: string;
  readonly body?: {
    readonly schema: z.ZodMiniType;
    readonly mediaType?: string;
    readonly optional?: boolean;
  };
  readonly query?: z.ZodMiniObject;
  readonly headers?: Readonly<
    Record<string, { readonly schema: z.ZodMiniType; readonly description: string }>
  >;
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodMiniType }>
  >;
  /** Besides those that every operation may answer with. */
  readonly errors: readonly ErrorCode[];
}

const body = (schema: z.ZodMiniType) => ({ body: { schema } });
const BODY_ERRORS = ['invalid_request', 'malformed_json', 'body_too_large'] as const;
const hookBody = (mediaType: string) => ({ body: { schema: z.unknown(), mediaType } });

const startWcs = {
  tag: 'WCS',
  method: 'POST',
  ...body(schemas.startRecordingBody),
  answers: { 200: { description: 'It starts, or goes on already', schema: answers.startAnswer } },
  errors: [...BODY_ERRORS, 'session_not_found', 'session_busy', 'too_many_recordings'],
} as const;
const stopWcs = {
  tag: 'WCS',
  method: 'POST',
  ...body(schemas.mediaSessionBody),
  answers: { 200: { description: 'The stop is durable', schema: answers.wcsStopAnswer } },
  errors: [...BODY_ERRORS, 'recording_not_found'],
} as const;

/** WCS's methods are also there without `/rest-api`, and all of them with a slash at the end. */
export const OPERATIONS: readonly DocumentedOperation[] = [
  {
    id: 'startRecording',
    path: '/rest-api/stream/startRecording',
    summary: 'Starts the recording of a published stream; with another `config`, starts it anew',
    ...startWcs,
  },
  {
    id: 'startup',
    path: '/rest-api/recorder/startup',
    summary: 'The same as startRecording',
    ...startWcs,
  },
  {
    id: 'stopRecording',
    path: '/rest-api/stream/stopRecording',
    summary: "Stops the stream's recording",
    ...stopWcs,
  },
  {
    id: 'terminate',
    path: '/rest-api/recorder/terminate',
    summary: 'The same as stopRecording',
    ...stopWcs,
  },
  {
    id: 'findRecords',
    tag: 'WCS',
    method: 'POST',
    path: '/rest-api/recorder/find_all',
    summary: 'The files that are being written',
    answers: { 200: { description: 'An empty list where there is none', schema: answers.wcsFilesAnswer } },
    errors: [],
  },
  {
    id: 'findStreams',
    tag: 'WCS',
    method: 'POST',
    path: '/rest-api/stream/find',
    summary: 'The streams whose fields have these values',
    body: { schema: streamFilter, optional: true },
    answers: { 200: { description: 'At least one stream', schema: answers.wcsStreamsAnswer } },
    errors: [...BODY_ERRORS, 'session_not_found'],
  },
  {
    id: 'findAllStreams',
    tag: 'WCS',
    method: 'POST',
    path: '/rest-api/stream/find_all',
    summary: 'All streams',
    answers: { 200: { description: 'An empty list where there is none', schema: answers.wcsStreamsAnswer } },
    errors: [],
  },
  {
    id: 'createRecording',
    tag: 'Recordings',
    method: 'POST',
    path: '/recordings',
    summary: 'Records a stream of the registry by its `mediaSessionId`, or a source by its own URL',
    ...body(schemas.createRecordingBody),
    headers: {
      'Idempotency-Key': {
        schema: schemas.idempotencyHeader,
        description: 'The same request with the same key makes one recording and gets the same answer',
      },
    },
    answers: {
      201: { description: 'It starts; `Location` is its own route', schema: answers.startAnswer },
      200: { description: 'It goes on already', schema: answers.startAnswer },
      202: {
        description: 'Reserved (`waitSeconds`): it starts when its stream is published, or expires',
        schema: answers.reservedAnswer,
      },
    },
    errors: [
      ...BODY_ERRORS,
      'session_not_found',
      'session_busy',
      'too_many_recordings',
      'idempotency_key_reused',
    ],
  },
  {
    id: 'listRecordings',
    tag: 'Recordings',
    method: 'GET',
    path: '/recordings',
    summary:
      'Recordings, newest first. A page may be shorter than `limit`: there is more while there is a `nextToken`',
    query: schemas.listRecordingsQuery,
    answers: { 200: { description: 'A page', schema: answers.recordingsAnswer } },
    errors: ['invalid_request'],
  },
  {
    id: 'previewName',
    tag: 'Recordings',
    method: 'POST',
    path: '/recordings/previewName',
    summary: 'The names that a record would get, without recording',
    ...body(schemas.previewNameBody),
    answers: { 200: { description: 'The names, and what was changed', schema: answers.previewAnswer } },
    errors: [...BODY_ERRORS],
  },
  {
    id: 'getRecording',
    tag: 'Recordings',
    method: 'GET',
    path: '/recordings/{recordingId}',
    summary: 'A recording with its parts, and links to its records that are good for an hour',
    query: schemas.getRecordingQuery,
    headers: {
      'If-None-Match': { schema: z.string(), description: 'The `ETag` of an earlier answer' },
    },
    answers: {
      200: { description: 'The recording; its `ETag` changes with it', schema: answers.recordingAnswer },
      304: { description: 'Nothing changed since' },
    },
    errors: ['invalid_request', 'recording_not_found'],
  },
  {
    id: 'deleteRecording',
    tag: 'Recordings',
    method: 'DELETE',
    path: '/recordings/{recordingId}',
    summary: 'Forgets a recording that has ended; `records=true` deletes its records in the library too',
    query: schemas.deleteRecordingQuery,
    answers: { 200: { description: 'How many records were deleted', schema: answers.deleteAnswer } },
    errors: ['invalid_request', 'recording_not_found', 'recording_active'],
  },
  {
    id: 'getRecordingEvents',
    tag: 'Recordings',
    method: 'GET',
    path: '/recordings/{recordingId}/events',
    summary: 'What happened to a recording, in the order of time',
    answers: { 200: { description: 'The events', schema: answers.eventsAnswer } },
    errors: ['recording_not_found'],
  },
  {
    id: 'stop',
    tag: 'Recordings',
    method: 'POST',
    path: '/recordings/{recordingId}/stop',
    summary: 'Stops a recording',
    answers: { 200: { description: 'The stop is durable', schema: answers.stopAnswer } },
    errors: ['recording_not_found'],
  },
  {
    id: 'rotate',
    tag: 'Recordings',
    method: 'POST',
    path: '/recordings/{recordingId}/rotate',
    summary: 'Begins a new part at the next keyframe',
    answers: { 202: { description: 'The recorder will see it', schema: answers.rotateAnswer } },
    errors: ['recording_not_found', 'recording_ended', 'session_busy'],
  },
  {
    id: 'play',
    tag: 'Playback',
    method: 'GET',
    path: '/play/{token}/{file}',
    summary: 'What a link in `play` leads to: the HLS playlist `vod.m3u8`, and what it names',
    answers: {
      200: { description: 'The playlist, or the init segment of a part' },
      302: { description: 'Where the record lies, of which a range is asked' },
    },
    errors: ['link_refused', 'recording_not_found', 'recording_active', 'not_playable', 'route_not_found'],
  },
  {
    id: 'listRooms',
    tag: 'Rooms',
    method: 'GET',
    path: '/rooms',
    summary: 'Rooms that have recordings, by name',
    query: schemas.listRoomsQuery,
    answers: { 200: { description: 'A page', schema: answers.roomsAnswer } },
    errors: ['invalid_request'],
  },
  {
    id: 'getRoom',
    tag: 'Rooms',
    method: 'GET',
    path: '/rooms/{room}',
    summary: 'The recordings of a room, past and present, on one timeline',
    query: schemas.roomQuery,
    answers: {
      200: { description: 'A page of its latest recordings, first ones first', schema: answers.roomAnswer },
    },
    errors: ['invalid_request', 'room_not_found'],
  },
  {
    id: 'listStreams',
    tag: 'Streams',
    method: 'GET',
    path: '/streams',
    summary: 'The registry of streams, in pages',
    query: schemas.listStreamsQuery,
    answers: { 200: { description: 'A page', schema: answers.streamsAnswer } },
    errors: ['invalid_request'],
  },
  {
    id: 'getStream',
    tag: 'Streams',
    method: 'GET',
    path: '/streams/{mediaSessionId}',
    summary: 'A stream as announced, without the secrets of its source',
    headers: {
      'If-None-Match': { schema: z.string(), description: 'The `ETag` of an earlier answer' },
    },
    answers: {
      200: { description: 'The stream; its `ETag` changes with it', schema: answers.streamAnswer },
      304: { description: 'Nothing changed since' },
    },
    errors: ['invalid_request', 'session_not_found'],
  },
  {
    id: 'putStream',
    tag: 'Streams',
    method: 'PUT',
    path: '/streams/{mediaSessionId}',
    summary: 'Announces a stream, or its new state',
    ...body(schemas.announceBody),
    answers: { 200: { description: 'The stream', schema: answers.streamAnswer } },
    errors: [...BODY_ERRORS, 'stale_event'],
  },
  {
    id: 'deleteStream',
    tag: 'Streams',
    method: 'DELETE',
    path: '/streams/{mediaSessionId}',
    summary: 'Says that a stream is no longer published',
    answers: { 200: { description: 'The stream, UNPUBLISHED', schema: answers.streamAnswer } },
    errors: ['invalid_request', 'session_not_found'],
  },
  {
    id: 'health',
    tag: 'Streams',
    method: 'GET',
    path: '/health',
    summary: 'Whether the API can read its state',
    answers: { 200: { description: 'It can', schema: answers.healthAnswer } },
    errors: [],
  },
  {
    id: 'serverHook',
    tag: 'Hooks',
    method: 'POST',
    path: '/hooks/{secret}/{server}',
    summary: 'What a media server says: `server` is nginx-rtmp, srs, ome or stream (any other)',
    ...hookBody('application/x-www-form-urlencoded'),
    answers: { 200: { description: 'What this server takes for a yes', schema: answers.hookAnswer } },
    errors: [...BODY_ERRORS, 'hook_refused', 'route_not_found'],
  },
  {
    id: 'wcsHook',
    tag: 'Hooks',
    method: 'POST',
    path: '/hooks/{secret}/wcs/{wcsHook}',
    summary: "WCS's REST hooks: connect, publishStream, unPublishStream, StreamStatusEvent, …",
    ...hookBody('application/json'),
    answers: { 200: { description: 'The same object', schema: answers.hookAnswer } },
    errors: [...BODY_ERRORS, 'hook_refused'],
  },
];
