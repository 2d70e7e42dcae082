import * as answers from './answers.ts';
import { BODY_ERRORS, body, type DocumentedOperation } from './documentedOperation.ts';
import * as schemas from './schemas.ts';
import { streamFilter } from './wcsAnswers.ts';

const startWcs = {
  tag: 'WCS',
  method: 'POST',
  ...body(schemas.startRecordingBody),
  answers: { 200: { description: 'It starts, or goes on already', schema: answers.wcsStartAnswer } },
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
export const WCS_OPERATIONS: readonly DocumentedOperation[] = [
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
];
