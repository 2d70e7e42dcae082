import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lockKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema } from '../../../../functions/core/state/objects.ts';
import { SESSION, script, World } from './world.ts';

/** `PROTOCOL_RUNS=20000` explores longer. */
const RUNS = Number(process.env.PROTOCOL_RUNS ?? 800);
/** Of the schedule, after which everything must be well. */
const ROUNDS = 15;

/**
 * Start, stop, recorders, task events and reconcile, in every order that fast-check thinks of, each of which may die
 * before any of its calls. Whatever happens, reconcile must bring it to one good end.
 */
describe('the protocol, whatever dies when', () => {
  it(
    'brings every recording to one outcome, frees the lock, and records each attempt once',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), script, async (scheduler, plan) => {
          const world = new World(scheduler, plan);
          world.begin();
          await world.settled();
          // Nothing dies any more, and the schedule runs a few times.
          world.calm = true;
          const outcomes = new Map<string, string>();
          for (let round = 0; round < ROUNDS; round++) {
            await world.reconcile();
            await world.settled();
            for (const key of world.store.keys('state/recordings/')) {
              if (!key.endsWith('outcome.json')) continue;
              const json = world.store.objects.get(key)?.json ?? '';
              // Written once, and never again.
              expect(outcomes.get(key) ?? json).toBe(json);
              outcomes.set(key, json);
            }
          }
          expect(world.running.size).toBe(0);
          for (const [attempt, arns] of world.recorders) expect([attempt, arns.size]).toEqual([attempt, 1]);
          const lock = world.store.value(lockKey(SESSION), lockSchema);
          if (lock !== undefined) {
            expect(lock.releasedAtMs).toBeDefined();
            expect(outcomes.has(outcomeKey(lock.recordingId))).toBe(true);
          }
          // Every recording that had a task has its outcome.
          for (const { recordingId } of world.tasks.values()) {
            expect(outcomes.has(outcomeKey(recordingId))).toBe(true);
          }
          // The session is not blocked: another start is a new recording.
          const again = await world.start('again');
          expect(again.alreadyStarted).toBe(false);
        }),
        { numRuns: RUNS },
      );
    },
    60_000 + RUNS * 50,
  );
});
