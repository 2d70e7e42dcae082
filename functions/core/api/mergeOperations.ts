import { BODY_ERRORS, type DocumentedOperation, IF_NONE_MATCH, UNCHANGED } from './documentedOperation.ts';
import { mergeAnswer, mergesAnswer } from './mergeAnswers.ts';
import { listMergesQuery, mergeRoomBody } from './mergeSchemas.ts';
import { idempotencyHeader } from './schemas.ts';

const tag = 'Rooms';

export const MERGE_OPERATIONS: readonly DocumentedOperation[] = [
  {
    id: 'mergeRoom',
    tag,
    method: 'POST',
    path: '/rooms/{room}/merge',
    summary: "A room's recordings as one file: tracks side by side, a grid, or the sound of all",
    body: { schema: mergeRoomBody },
    headers: {
      'Idempotency-Key': {
        schema: idempotencyHeader,
        description: 'The same request with the same key makes one merge',
      },
    },
    answers: {
      201: { description: 'It is being made; `Location` is its own route', schema: mergeAnswer },
      200: { description: 'It was asked for before, with this key', schema: mergeAnswer },
    },
    errors: [...BODY_ERRORS, 'room_not_found', 'merge_not_possible', 'idempotency_key_reused'],
  },
  {
    id: 'listMerges',
    tag,
    method: 'GET',
    path: '/merges',
    summary: 'Merges, of one room or of all, newest first',
    ...IF_NONE_MATCH,
    query: listMergesQuery,
    answers: { 200: { description: 'A page', schema: mergesAnswer }, ...UNCHANGED },
    errors: ['invalid_request'],
  },
  {
    id: 'getMerge',
    tag,
    method: 'GET',
    path: '/merges/{mergeId}',
    summary: 'A merge: how far it is, who is in it, and what has become of it',
    ...IF_NONE_MATCH,
    answers: { 200: { description: 'The merge', schema: mergeAnswer }, ...UNCHANGED },
    errors: ['merge_not_found'],
  },
  {
    id: 'cancelMerge',
    tag,
    method: 'DELETE',
    path: '/merges/{mergeId}',
    summary: 'Gives up a merge that is being made; one that is settled stays as it is',
    answers: { 200: { description: 'The merge as it stands now', schema: mergeAnswer } },
    errors: ['merge_not_found'],
  },
];
