import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVE_PREFIX, lockKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema, outcomeSchema } from '../../../../functions/core/state/objects.ts';
import { outcomeOf } from '../../../../functions/core/state/outcome.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import { isFaultless, manyPublications, oneStream, oneStreamOnHosts } from './script.ts';
import { SESSION, World } from './world.ts';

/** `PROTOCOL_RUNS=20000` explores longer, `DRAW_SEED=random` elsewhere (test/setup/draws.ts). */
const RUNS = Number(process.env.PROTOCOL_RUNS ?? 400);
const DRAW = { numRuns: RUNS };
const TIMEOUT_MS = 60_000 + RUNS * 100;
/** Of the schedule, after which everything must be well. */
const ROUNDS = 15;

/**
 * Lines of the protocol that were broken on purpose, and made this fail within 400 runs: the claim is not looked at, or
 * anybody's counts as one's own; ended attempts' parts are not rescued before the outcome is written; undecided parts are
 * not waited for; an earlier attempt concludes while a later one records, a later one while an earlier one lives; the death
 * of a task that lost the attempt ends the winner. Not found within 800, but each by a test of its own beside this one: the
 * outcome is not read after the claim; a void claim that somebody else wrote is taken for one's own, or why it was written
 * is not read; settling does not look at the session; a refused launch ends a recorder that another launch found; a refusal
 * for good, or a hand-over, is not told from other ends.
 *
 * Of hosts, found within 400: a death, or an end inside a living host, is not settled; a host takes what it may not, by
 * `isUnsuspected` or when another one is gone; nothing gets a task of its own, or not what died before it was settled, or
 * what a later settling finds dead; whose run it is that is settled; a host takes what it has already. Not found within
 * 400, since others see to it in time: the net below what a host takes is missing, it takes the attempt that died, or asks
 * nobody; it forgets what it carried before it has told of it. The first of them has a test of its own
 * (`test/container/host/supervisor.test.ts`), the last too (`endings.test.ts`).
 */

/**
 * Hooks, starts, stops, recorders, task events and reconcile, in every order that fast-check thinks of, each of which may
 * die before any of its calls. Whatever happens, reconcile must bring it to one good end.
 */
describe('the protocol, whatever dies when', () => {
  it.each([
    ['tasks of their own', oneStream],
    ['hosts whose workers die, and they', oneStreamOnHosts],
  ])(
    'brings every recording to one outcome, frees the lock, and records each attempt once: %s',
    async (_, script) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), script, async (scheduler, plan) => {
          const world = new World(scheduler, plan);
          world.publishQuietly();
          for (let i = 0; i < plan.starts; i++) world.spawn(() => world.start(`start${i}`));
          for (let i = 0; i < plan.stops; i++) world.spawn(() => world.stop(`stop${i}`));
          await world.settled();
          world.calm = true;
          expect(world.unlisted).toEqual([]);
          await world.pass();
          // A stop that a recorder has not seen yet is another matter.
          if (isFaultless(plan)) expect(world.mended.filter((mend) => mend !== 'stopRepeated')).toEqual([]);
          const outcomes = await calmDown(world);
          await endStream(world, outcomes);
          // The session is not blocked: another start is a new recording.
          world.publishQuietly();
          const again = await world.start('again');
          expect(again.alreadyStarted).toBe(false);
        }),
        DRAW,
      );
    },
    TIMEOUT_MS,
  );

  it(
    'has a recording of the stream that is published, however its hooks follow each other',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), manyPublications, async (scheduler, plan) => {
          const world = new World(scheduler, plan);
          const last = plan.publications;
          for (let client = 1; client < last; client++) {
            world.spawnImmortal(() => world.hook('published', client));
            world.spawn(() => world.hook('unpublished', client));
          }
          for (let i = 0; i < plan.starts; i++) world.spawn(() => world.start(`start${i}`));
          for (let i = 0; i < plan.stops; i++) world.spawn(() => world.stop(`stop${i}`));
          await world.settled();
          // The last publisher comes while the one before is said to have gone, and nobody stops its recording.
          if (last > 1) world.spawn(() => world.hook('unpublished', last - 1));
          world.spawnImmortal(() => world.hook('published', last));
          await world.settled();
          world.calm = true;
          const outcomes = await calmDown(world);
          expect(world.session).toMatchObject({ status: 'PUBLISHING', sessionId: String(last) });
          const lock = world.store.value(lockKey(SESSION), lockSchema);
          const recording = [...world.running].filter(([, { isRecording }]) => isRecording);
          const ownWasStarted = lock?.publishedAtMs === world.session?.publishedAtMs;
          // Where it had a recording of its own, that one may have ended for a reason of its own.
          if (!ownWasStarted)
            expect(recording.map(([{ recordingId }]) => recordingId)).toEqual([lock?.recordingId]);
          await endStream(world, outcomes);
        }),
        DRAW,
      );
    },
    TIMEOUT_MS,
  );
});

/** The schedule runs a few times. @returns the outcomes that there are then */
async function calmDown(world: World, outcomes = new Map<string, string>()): Promise<Map<string, string>> {
  for (let round = 0; round < ROUNDS; round++) {
    await world.pass();
    for (const key of world.store.keys('state/recordings/')) {
      if (!key.endsWith('outcome.json')) continue;
      const json = world.store.objects.get(key)?.json ?? '';
      // Written once, and never again.
      if (outcomes.get(key) !== json) expect(outcomes.get(key) ?? json).toBe(json);
      outcomes.set(key, json);
    }
  }
  return outcomes;
}

/** The publisher goes: everything comes to its end. */
async function endStream(world: World, outcomes: Map<string, string>): Promise<void> {
  await world.hook('unpublished', Number(world.session?.sessionId));
  await calmDown(world, outcomes);
  expect(world.running.size).toBe(0);
  expect(world.witness.wrong).toEqual([]);
  const lock = world.store.value(lockKey(SESSION), lockSchema);
  if (lock !== undefined) {
    expect(lock.releasedAtMs).toBeDefined();
    expect(outcomes.has(outcomeKey(lock.recordingId))).toBe(true);
  }
  // Nothing is left to be looked after.
  expect(world.store.keys(ACTIVE_PREFIX)).toEqual([]);
  // Every recording that had a task has its outcome, and it is told by all that was recorded.
  for (const { recordingId } of world.tasks.values()) {
    const objects = await readRecording(world.store, recordingId);
    const outcome = world.store.value(outcomeKey(recordingId), outcomeSchema);
    if (objects === undefined || outcome === undefined) throw new Error(`${recordingId} has no outcome`);
    const { parts } = outcomeOf(outcome.reason, objects.parts, 0);
    expect(outcome.parts).toBe(parts);
    if (parts === 0) expect(outcome.status).toBe('failed');
    // After an interruption another attempt follows, for as long as there is hope.
    expect(outcome.reason.code).not.toBe('handed_over');
    if (['interrupted', 'recorder_failed'].includes(outcome.reason.code))
      expect(outcome.reason.message).toContain('in a row');
  }
}
