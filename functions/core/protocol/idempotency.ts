import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import { idempotencyKey } from '../state/keys.ts';
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

/**
 * Starts once for one Idempotency-Key, however often and by however many the request is sent: they share a recording
 * id, which makes starts at the same time one start, and the first answer is everybody's.
 * @param requestHash tells one request from another
 * @param start must be safe to repeat with the same id
 * @throws RecorderError idempotency_key_reused
 */
export async function startOnce(
  store: Store,
  params: { readonly key: string; readonly requestHash: string; readonly recordingId: string },
  start: (recordingId: string) => Promise<StartAnswer>,
): Promise<StartAnswer> {
  const requestKey = idempotencyKey(params.key, 'request');
  const answerKey = idempotencyKey(params.key, 'answer');
  const { requestHash, recordingId } = params;
  await store.create(requestKey, { requestHash, recordingId });
  const request = await store.read(requestKey, requestSchema);
  if (request === undefined) throw new Error('the request of an Idempotency-Key is gone');
  if (request.value.requestHash !== requestHash) {
    throw new RecorderError(
      'idempotency_key_reused',
      'This Idempotency-Key was used before, for another request.',
      { field: 'Idempotency-Key' },
    );
  }
  const answered = await store.read(answerKey, answerSchema);
  if (answered !== undefined) return answered.value;
  const answer = await start(request.value.recordingId);
  if (await store.create(answerKey, answer)) return answer;
  return (await store.read(answerKey, answerSchema))?.value ?? answer;
}
