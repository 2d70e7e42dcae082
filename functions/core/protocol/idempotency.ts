import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import { attemptKey, idempotencyKey, jobKey, outcomeKey } from '../state/keys.ts';
import { claimSchema, type EndCode, jobSchema, outcomeSchema } from '../state/objects.ts';
import type { Store } from './ports.ts';

/** `state/idempotency/<hash>/request.json`: what the key was first used for, and the id that its recording gets. */
const requestSchema = z.object({ requestHash: z.string(), recordingId: z.string() });
/** `…/answer.json`: what the first request was answered with. */
const answerSchema = z.object({
  recordingId: z.string(),
  mediaSessionId: z.string(),
  alreadyStarted: z.boolean(),
});
export type StartAnswer = z.infer<typeof answerSchema>;

const TRIES = 10;

/** Why a start ended before anybody recorded: the request may be made again. */
const REFUSED: ReadonlySet<EndCode> = new Set(['never_started', 'superseded']);

export interface IdempotencyPorts {
  readonly store: Store;
  readonly newRecordingId: () => string;
}

/**
 * Starts once for one Idempotency-Key, however often and by however many the request is sent: they share a recording
 * id, which makes starts at the same time one start, and the first answer is everybody's. A start that was refused has
 * used its id up: the next try gets another one.
 * @param requestHash tells one request from another
 * @param start must be safe to repeat with the same id
 * @throws RecorderError idempotency_key_reused
 */
export async function startOnce(
  ports: IdempotencyPorts,
  params: { readonly key: string; readonly requestHash: string },
  start: (recordingId: string) => Promise<StartAnswer>,
): Promise<StartAnswer> {
  const { store } = ports;
  const answerKey = idempotencyKey(params.key, 'answer');
  const recordingId = await idOf(ports, params);
  const answered = await store.read(answerKey, answerSchema);
  if (answered !== undefined) return answered.value;
  const answer = (await endedBefore(store, recordingId)) ?? (await start(recordingId));
  if (await store.create(answerKey, answer)) return answer;
  return (await store.read(answerKey, answerSchema))?.value ?? answer;
}

/** The id that everybody with this key uses now. */
async function idOf(
  { store, newRecordingId }: IdempotencyPorts,
  { key, requestHash }: { readonly key: string; readonly requestHash: string },
): Promise<string> {
  const requestKey = idempotencyKey(key, 'request');
  for (let tries = 1; tries <= TRIES; tries++) {
    const request = await store.read(requestKey, requestSchema);
    if (request === undefined) {
      await store.create(requestKey, { requestHash, recordingId: newRecordingId() });
      continue;
    }
    if (request.value.requestHash !== requestHash) {
      throw new RecorderError(
        'idempotency_key_reused',
        'This Idempotency-Key was used before, for another request.',
        { field: 'Idempotency-Key' },
      );
    }
    if (!(await isRefused(store, request.value.recordingId))) return request.value.recordingId;
    await store.replace(requestKey, { requestHash, recordingId: newRecordingId() }, request.etag);
  }
  throw new RecorderError('session_busy', 'This Idempotency-Key is used by many others now. Try again.', {
    field: 'Idempotency-Key',
  });
}

async function isRefused(store: Store, recordingId: string): Promise<boolean> {
  const outcome = await store.read(outcomeKey(recordingId), outcomeSchema);
  if (outcome === undefined || !REFUSED.has(outcome.value.reason.code)) return false;
  const claim = await store.read(attemptKey(recordingId, 1, 'claim'), claimSchema);
  return claim === undefined || claim.value.void !== undefined;
}

/** The first try started a recording, its answer was lost, and that recording has ended since: it is the answer. */
async function endedBefore(store: Store, recordingId: string): Promise<StartAnswer | undefined> {
  if ((await store.read(outcomeKey(recordingId), outcomeSchema)) === undefined) return undefined;
  const job = await store.read(jobKey(recordingId), jobSchema);
  if (job === undefined) return undefined;
  return { recordingId, mediaSessionId: job.value.mediaSessionId, alreadyStarted: true };
}
