import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { MessageQueue } from '../aws/queues.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import type { MergeRoomBody } from '../core/api/mergeSchemas.ts';
import { gridPictureOf } from '../core/rooms/layout.ts';
import { type MergeJob, type MergeObjects, mergeAsk } from '../core/rooms/merge.ts';
import { mergeIndexKey, mergeKey, mergeMarkerKey, roomMergeKey } from '../core/rooms/mergeKeys.ts';
import type { RecordingSettings } from '../core/settings/settings.ts';
import { newRecordingId } from '../core/state/ids.ts';
import { idempotencyKey } from '../core/state/keys.ts';
import { planOfRoom, rangeOf, refusalOf } from './mergePlanning.ts';
import { knownMerge, readMerge } from './mergeReading.ts';

export interface MergeAskPorts {
  readonly store: StateStore;
  readonly queue: Pick<MessageQueue, 'send'>;
}

export interface MergeAskedBy {
  readonly requestId: string;
  readonly nowMs: number;
  readonly random: Uint8Array;
  /** Of the result. */
  readonly settings: RecordingSettings;
  /** The same request with the same key makes one merge. */
  readonly idempotencyKey?: string;
}

/** `state/idempotency/<hash>/request.json`: what the key was first used for, and the merge's id. */
const requestSchema = z.object({ requestHash: z.string(), mergeId: z.string() });

/**
 * Notes that a room is to be merged, and asks for it.
 * @returns the merge, and whether it was asked for before with the same key
 * @throws RecorderError room_not_found, invalid_request, merge_not_possible, idempotency_key_reused
 */
export async function askForMerge(
  ports: MergeAskPorts,
  room: string,
  body: MergeRoomBody,
  by: MergeAskedBy,
): Promise<{ readonly merge: MergeObjects; readonly isKnown: boolean }> {
  const { store } = ports;
  const job = jobOf(room, body, by);
  const request = requestOf(job, body, by.idempotencyKey);
  const first = request === undefined ? undefined : await firstOf(store, request);
  const known = first === undefined ? undefined : await readMerge(store, first.mergeId);
  if (known !== undefined) return { merge: known, isKnown: true };
  await checkPossible(store, job, by.nowMs);
  const isFirst = request === undefined || (await store.create(request.key, request.value));
  const { mergeId } = (isFirst ? undefined : await firstOf(store, request)) ?? job;
  await noteMerge(ports, { ...job, mergeId });
  return { merge: await knownMerge(store, mergeId), isKnown: mergeId !== job.mergeId };
}

/** Safe to repeat with the same id. */
export async function noteMerge({ store, queue }: MergeAskPorts, job: MergeJob): Promise<void> {
  const { mergeId, room } = job;
  // The marker first: reconcile finds what was noted and not asked for.
  await store.create(mergeMarkerKey(mergeId), { mergeId });
  await store.create(mergeKey(mergeId, 'job'), job);
  await Promise.all([
    store.create(mergeIndexKey(mergeId), { mergeId }),
    store.create(roomMergeKey(room, mergeId), { mergeId }),
  ]);
  await queue.send(mergeAsk(mergeId));
}

function jobOf(room: string, body: MergeRoomBody, by: MergeAskedBy): MergeJob {
  const { layout, from, to, name, running } = body;
  const picture = gridPictureOf(body);
  return {
    mergeId: newRecordingId(by.nowMs, by.random),
    room,
    requestedAtMs: by.nowMs,
    requestId: by.requestId,
    layout,
    running,
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    settings: by.settings,
  };
}

interface KeyedRequest {
  readonly key: string;
  readonly value: z.infer<typeof requestSchema>;
}

function requestOf(
  { room, mergeId }: MergeJob,
  body: MergeRoomBody,
  key: string | undefined,
): KeyedRequest | undefined {
  if (key === undefined) return undefined;
  const requestHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  return { key: idempotencyKey(`merge\n${room}\n${key}`, 'request'), value: { requestHash, mergeId } };
}

/** What the key was first used for. @throws RecorderError idempotency_key_reused */
async function firstOf(
  store: StateStore,
  { key, value }: KeyedRequest,
): Promise<z.infer<typeof requestSchema> | undefined> {
  const first = (await store.read(key, requestSchema))?.value;
  if (first === undefined || first.requestHash === value.requestHash) return first;
  throw new RecorderError('idempotency_key_reused', 'The Idempotency-Key was used for another merge.', {
    field: 'Idempotency-Key',
  });
}

async function checkPossible(store: StateStore, job: MergeJob, nowMs: number): Promise<void> {
  const range = rangeOf(job);
  if (range.toMs <= range.fromMs)
    throw new RecorderError('invalid_request', 'to must be later than from.', { field: 'to' });
  const planned = await planOfRoom(store, job.room, range);
  const { plan, pending } = planned;
  const mayCome = job.running === 'wait' && (pending.length > 0 || (job.toMs ?? 0) > nowMs);
  if (plan === undefined && !mayCome) throw nothingIn(pending.length > 0);
  const refusal = refusalOf(planned);
  if (refusal !== undefined) throw new RecorderError('merge_not_possible', refusal, { field: 'room' });
}

function nothingIn(isPending: boolean): RecorderError {
  return isPending
    ? new RecorderError(
        'merge_not_possible',
        'Nothing of it is in the library yet: wait for it, with running "wait".',
        { field: 'running' },
      )
    : new RecorderError('merge_not_possible', 'Nothing was recorded in the room then.', { field: 'from' });
}

/**
 * Gives a merge up that is being made; one that is settled stays as it is.
 * @throws RecorderError merge_not_found
 */
export async function cancelMerge(
  { store, queue }: MergeAskPorts,
  mergeId: string,
  { requestId, nowMs }: Pick<MergeAskedBy, 'requestId' | 'nowMs'>,
): Promise<MergeObjects> {
  const merge = await knownMerge(store, mergeId);
  if (merge.outcome !== undefined) return merge;
  await store.create(mergeKey(mergeId, 'cancel'), { requestedAtMs: nowMs, requestId });
  await queue.send(mergeAsk(mergeId));
  return knownMerge(store, mergeId);
}
