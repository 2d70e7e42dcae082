import * as answers from './answers.ts';
import { BODY_ERRORS, type DocumentedOperation, IF_NONE_MATCH, UNCHANGED } from './documentedOperation.ts';
import * as schemas from './schemas.ts';

const CLIPS = '/recordings/{recordingId}/clips';
const tag = 'Clips';

export const CLIP_OPERATIONS: readonly DocumentedOperation[] = [
  {
    id: 'createClip',
    tag,
    method: 'POST',
    path: CLIPS,
    summary: 'Cuts a piece out of a recording into a file of its own, exactly to the frame',
    body: { schema: schemas.createClipBody },
    headers: {
      'Idempotency-Key': {
        schema: schemas.idempotencyHeader,
        description: 'The same request with the same key makes one clip',
      },
    },
    answers: {
      201: { description: 'It is being made; `Location` is its own route', schema: answers.clipAnswer },
      200: { description: 'It was asked for before, with this key', schema: answers.clipAnswer },
    },
    errors: [
      ...BODY_ERRORS,
      'recording_not_found',
      'clip_not_possible',
      'idempotency_key_reused',
      'session_busy',
    ],
  },
  {
    id: 'joinParts',
    tag,
    method: 'POST',
    path: '/recordings/{recordingId}/join',
    summary: 'All parts of a recording that has ended as one file, or as few as their parameters allow',
    answers: {
      201: { description: 'It is being made; `Location` is its own route', schema: answers.clipAnswer },
      200: { description: 'It was asked for before', schema: answers.clipAnswer },
    },
    errors: ['recording_not_found', 'recording_active', 'clip_not_possible'],
  },
  {
    id: 'listClips',
    tag,
    method: 'GET',
    path: CLIPS,
    summary: 'The clips of a recording, in the order in which they were asked for',
    query: schemas.listClipsQuery,
    answers: { 200: { description: 'A page', schema: answers.clipsAnswer } },
    errors: ['invalid_request', 'recording_not_found'],
  },
  {
    id: 'getClip',
    tag,
    method: 'GET',
    path: `${CLIPS}/{clipId}`,
    summary: 'A clip, with its links once it is available',
    ...IF_NONE_MATCH,
    answers: { 200: { description: 'The clip', schema: answers.clipAnswer }, ...UNCHANGED },
    errors: ['recording_not_found', 'clip_not_found'],
  },
  {
    id: 'deleteClip',
    tag,
    method: 'DELETE',
    path: `${CLIPS}/{clipId}`,
    summary: 'Deletes a clip and its object in the library; one that is being made is given up',
    answers: { 200: { description: 'It is gone', schema: answers.deletedClipAnswer } },
    errors: ['recording_not_found', 'clip_not_found'],
  },
];
