import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { beginAttempt } from '../../../../functions/core/protocol/attempt.ts';
import { voidClaim } from '../../../../functions/core/protocol/claim.ts';
import { type StartAnswer, startOnce } from '../../../../functions/core/protocol/idempotency.ts';
import { releaseLock } from '../../../../functions/core/protocol/lock.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { idempotencyKey, jobKey, lockKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { jobSchema, lockSchema, type Outcome } from '../../../../functions/core/state/objects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import type { MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { PUBLISHED, StartWorld } from '../../../support/startWorld.ts';

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
beforeEach(reset);
function reset(): void {
  world = new StartWorld(PUBLISHED);
  ({ store, launcher } = world);
}

/** A request with an Idempotency-Key; a direct one names its source itself, and has a session of its own. */
function request(kind: 'session' | 'direct'): Promise<StartAnswer> {
  return startOnce(world.ports, { key: 'K', requestHash: kind }, async (recordingId) => {
    const mediaSessionId = kind === 'direct' ? recordingId : 'm1';
    const direct = { source: { url: 'rtmp://media.example/live/x' }, stream: { name: 'x' } };
    const result = await startRecording(world.ports, {
      mediaSessionId,
      recordingId,
      settings: DEFAULT_SETTINGS,
      requestId: 'r',
      ...(kind === 'direct' ? { direct } : {}),
    });
    return { ...result, mediaSessionId };
  });
}

/** The launch function, after ECS refused for too long. */
async function giveUp(recordingId: string): Promise<void> {
  await voidClaim(world.ports, { recordingId, attempt: 1 }, { by: 'launch', reason: 'RESOURCE:CPU' });
  const reason = { code: 'never_started', message: 'RESOURCE:CPU' } as const;
  await store.create(outcomeKey(recordingId), { status: 'failed', reason, parts: 0, atMs: 1 });
  const job = store.value(jobKey(recordingId), jobSchema);
  await releaseLock(world.ports, job?.mediaSessionId ?? '', recordingId);
}
const loseAnswer = () => store.objects.delete(idempotencyKey('K', 'answer'));
const begin = (recordingId: string) =>
  beginAttempt(
    { ...world.ports, readObjects: (id, own) => readRecording(store, id, own) },
    { recordingId, attempt: 1, taskArn: 'task/1', runId: 'run' },
  );

it.each(['session', 'direct'] as const)(
  'a %s start that nobody answered for, and that no task was found for, can be tried again',
  async (kind) => {
    const first = await request(kind);
    await giveUp(first.recordingId);
    loseAnswer();
    const { recordingId, alreadyStarted } = await request(kind);
    expect([recordingId === first.recordingId, alreadyStarted]).toEqual([false, false]);
    expect(launcher.launched).toEqual([`${first.recordingId}-1`, `${recordingId}-1`]);
    expect((await begin(recordingId)).kind).toBe('claimed');
    // And from now on the answer stays.
    loseAnswer();
    expect(await request(kind)).toMatchObject({ recordingId });
    expect(launcher.launched).toHaveLength(2);
  },
);

it('what it started is the answer, also when that has ended before the answer was noted', async () => {
  const { recordingId } = await request('session');
  await begin(recordingId);
  const outcome: Outcome = {
    status: 'finished',
    reason: { code: 'stopped', message: '' },
    parts: 1,
    atMs: 1,
  };
  await store.create(outcomeKey(recordingId), outcome);
  await releaseLock(world.ports, 'm1', recordingId);
  loseAnswer();
  expect(await request('session')).toEqual({ recordingId, mediaSessionId: 'm1', alreadyStarted: true });
  expect(launcher.launched).toHaveLength(1);
});

it('no order of requests, others, refusals and lost answers launches an id that has an outcome', async () => {
  const call = fc.constantFrom('request', 'lost answer', 'other', 'no task', 'queue away');
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
      reset();
      for (const what of calls) {
        const before = launcher.launched.length;
        launcher.fails = what === 'queue away' ? () => new Error('SQS is away') : undefined;
        if (what === 'lost answer') loseAnswer();
        else if (what === 'other') await startRecording(world.ports, OTHER);
        else if (what === 'no task') {
          const held = store.value(lockKey('m1'), lockSchema)?.recordingId;
          if (held !== undefined && !store.objects.has(outcomeKey(held))) await giveUp(held);
        } else {
          const answer = await request('session').catch(() => undefined);
          // What it says has begun anew can be recorded.
          if (answer?.alreadyStarted === false && launcher.launched.length > before) {
            expect((await begin(answer.recordingId)).kind).toBe('claimed');
          }
        }
        for (const token of launcher.launched.slice(before)) {
          expect(store.objects.has(outcomeKey(token.slice(0, 26)))).toBe(false);
        }
      }
    }),
    { numRuns: 500 },
  );
});

const OTHER = { mediaSessionId: 'm1', settings: DEFAULT_SETTINGS, requestId: 'other' };
