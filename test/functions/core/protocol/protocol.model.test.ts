import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { recordingsOfLock, releaseLock } from '../../../../functions/core/protocol/lock.ts';
import { missingAttempt, settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { RecordingObjects } from '../../../../functions/core/state/fold.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import {
  attemptKey,
  jobKey,
  lockKey,
  outcomeKey,
  sessionKey,
  stopKey,
} from '../../../../functions/core/state/keys.ts';
import {
  claimSchema,
  endSchema,
  jobSchema,
  lockSchema,
  type Outcome,
  outcomeSchema,
  stopSchema,
} from '../../../../functions/core/state/objects.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

/**
 * Start, stop, recorders, task events and reconcile as processes over one store, in every order that fast-check thinks
 * of, each of which may die before any of its calls. Whatever happens, reconcile must bring it to one good end.
 */
const SESSION = 'm1';
const MAX_ATTEMPT = 20;

class Died extends Error {}

type Ending = 'killed' | 'stopped by SIGTERM' | 'source ended' | 'never started';

interface Script {
  readonly starts: number;
  readonly stops: number;
  /** How the n-th task ends. */
  readonly endings: readonly Ending[];
  /** Whether the n-th task's event is delivered, twice, or lost. */
  readonly events: readonly number[];
  /** Of all calls, counted over all processes: these die before them. */
  readonly deaths: readonly number[];
  readonly noCapacity: readonly number[];
}

const script: fc.Arbitrary<Script> = fc.record({
  starts: fc.integer({ min: 1, max: 4 }),
  stops: fc.integer({ min: 0, max: 3 }),
  endings: fc.array(
    fc.constantFrom<Ending>('killed', 'stopped by SIGTERM', 'source ended', 'never started'),
    { maxLength: 8 },
  ),
  events: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 }),
  deaths: fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 6 }),
  noCapacity: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
});

class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  /** Tokens of tasks that were asked for, and those that run. */
  readonly asked = new Set<string>();
  readonly running = new Set<string>();
  /** How often each attempt was claimed by a task that then recorded. */
  readonly claims = new Map<string, number>();
  readonly processes: Promise<void>[] = [];
  readonly #scheduler: fc.Scheduler;
  readonly #script: Script;
  readonly #deaths: Set<number>;
  #calls = 0;
  #runs = 0;
  #tasks = 0;
  #ids = 0;
  calm: boolean = false;

  constructor(scheduler: fc.Scheduler, plan: Script) {
    this.#scheduler = scheduler;
    this.#script = plan;
    this.#deaths = new Set(plan.deaths);
    this.store.before = () => this.#step();
    this.store.put(sessionKey(SESSION), {
      mediaSessionId: SESSION,
      name: 'camera',
      status: 'PUBLISHING',
      sourceUrl: 'rtmp://host/live/key',
      eventAtMs: 1,
    });
  }

  /** Any other process may come first, and this one may die. */
  async #step(): Promise<void> {
    if (this.calm) return;
    this.#calls += 1;
    const dies = this.#deaths.has(this.#calls);
    await this.#scheduler.schedule(Promise.resolve());
    if (dies) throw new Died();
  }

  /** Runs a process; dying, and being refused, are ways to end. */
  spawn(run: () => Promise<unknown>): void {
    this.processes.push(
      run().then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof Died) && !(error instanceof RecorderError)) throw error;
        },
      ),
    );
  }

  readonly ports = {
    store: this.store,
    clock: this.clock,
    tasks: { run: (recordingId: string, attempt: number) => this.#run(recordingId, attempt) },
    stopTasks: async () => this.#step(),
    sleep: async () => undefined,
    newRecordingId: () => {
      this.#ids += 1;
      const random = Buffer.alloc(16);
      random.writeUInt32BE(this.#ids, 12);
      return newRecordingId(this.clock.timeMs, random);
    },
    warn: () => undefined,
  };

  async #run(recordingId: string, attempt: number): Promise<void> {
    await this.#step();
    this.#runs += 1;
    if (!this.calm && this.#script.noCapacity.includes(this.#runs)) {
      throw new RecorderError('capacity_unavailable', 'No capacity.');
    }
    const token = `${recordingId}/${attempt}`;
    // RunTask's client token: the same request again gives the same task.
    if (this.asked.has(token)) return;
    this.asked.add(token);
    this.running.add(token);
    this.spawn(() => this.#task(recordingId, attempt));
  }

  /** A task: what a recorder does to the state, and ECS's event when it is gone. */
  async #task(recordingId: string, attempt: number): Promise<void> {
    const index = this.#tasks;
    this.#tasks += 1;
    const ending = this.calm ? 'source ended' : (this.#script.endings[index] ?? 'source ended');
    try {
      if (ending !== 'never started') await this.#recorder(recordingId, attempt, ending);
    } finally {
      this.running.delete(`${recordingId}/${attempt}`);
      const times = this.calm ? 1 : (this.#script.events[index] ?? 1);
      for (let i = 0; i < times; i++) this.spawn(() => this.settle(recordingId, attempt, 'task-stopped'));
    }
  }

  async #recorder(recordingId: string, attempt: number, ending: Ending): Promise<void> {
    const { store, clock } = this;
    if ((await store.read(outcomeKey(recordingId), outcomeSchema)) !== undefined) return;
    const claim = { attempt, claimedAtMs: clock.timeMs, taskArn: `task/${recordingId}/${attempt}` };
    if (!(await store.create(attemptKey(recordingId, attempt, 'claim'), claim))) return;
    if ((await store.read(attemptKey(recordingId, attempt, 'end'), endSchema)) !== undefined) return;
    const token = `${recordingId}/${attempt}`;
    this.claims.set(token, (this.claims.get(token) ?? 0) + 1);
    await this.#step();
    if (ending === 'killed') throw new Died();
    const stopped = (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
    const code = stopped ? 'stopped' : ending === 'source ended' ? 'source_ended' : 'interrupted';
    const reason = { code, message: ending } as const;
    await store.create(attemptKey(recordingId, attempt, 'end'), {
      attempt,
      endedAtMs: clock.timeMs,
      by: 'recorder',
      reason,
    });
    if (code === 'interrupted') return;
    const outcome: Outcome = { status: 'finished', reason, parts: 1, atMs: clock.timeMs };
    await store.create(outcomeKey(recordingId), outcome);
    await releaseLock({ store, clock }, SESSION, recordingId);
  }

  async settle(recordingId: string, attempt: number, by: string): Promise<void> {
    const objects = this.objects(recordingId);
    if (objects === undefined) return;
    await settleAttempt(this.ports, objects, { attempt, reason: 'gone', by });
  }

  objects(recordingId: string): RecordingObjects | undefined {
    const job = this.store.value(jobKey(recordingId), jobSchema);
    if (job === undefined) return undefined;
    const attempts = new Map();
    for (let attempt = 1; attempt <= MAX_ATTEMPT; attempt++) {
      const claim = this.store.value(attemptKey(recordingId, attempt, 'claim'), claimSchema);
      const end = this.store.value(attemptKey(recordingId, attempt, 'end'), endSchema);
      if (claim === undefined && end === undefined) continue;
      attempts.set(attempt, { ...(claim && { claim }), ...(end && { end }) });
    }
    return { job, attempts, parts: new Map() };
  }

  async settled(): Promise<void> {
    for (let done = 0; done < this.processes.length; ) {
      done = this.processes.length;
      await this.#scheduler.waitFor(Promise.all(this.processes));
    }
  }

  /** What the schedule does: recordings that a lock names and that have no task. */
  async reconcile(): Promise<void> {
    const key = lockKey(SESSION);
    const lock = await this.store.read(key, lockSchema);
    if (lock === undefined) return;
    const { holder, earlier } = await recordingsOfLock(this.ports, key, lock);
    for (const recordingId of [...(holder === undefined ? [] : [holder]), ...earlier]) {
      if (this.store.value(outcomeKey(recordingId), outcomeSchema) !== undefined) {
        await releaseLock(this.ports, SESSION, recordingId);
        continue;
      }
      if ([...this.running].some((token) => token.startsWith(recordingId))) continue;
      const objects = this.objects(recordingId);
      if (objects !== undefined) await this.settle(recordingId, missingAttempt(objects), 'reconcile');
    }
  }
}

const params = (requestId: string) => ({ mediaSessionId: SESSION, settings: DEFAULT_SETTINGS, requestId });

describe('the protocol, whatever dies when', () => {
  it('brings every recording to one outcome, frees the lock, and records each attempt once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), script, async (scheduler, plan) => {
        const world = new World(scheduler, plan);
        for (let i = 0; i < plan.starts; i++) {
          world.spawn(() => startRecording(world.ports, params(`start${i}`)));
        }
        for (let i = 0; i < plan.stops; i++) {
          world.spawn(() => stopRecording(world.ports, { mediaSessionId: SESSION, by: `stop${i}` }));
        }
        await world.settled();
        // Nothing dies any more, and the schedule runs a few times.
        world.calm = true;
        const outcomes = new Map<string, string>();
        for (let round = 0; round < 15; round++) {
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
        for (const [token, claims] of world.claims) expect([token, claims]).toEqual([token, 1]);
        const lock = world.store.value(lockKey(SESSION), lockSchema);
        if (lock !== undefined) {
          expect(lock.releasedAtMs).toBeDefined();
          expect(outcomes.has(outcomeKey(lock.recordingId))).toBe(true);
        }
        // Every recording that had a task has its outcome.
        for (const token of world.asked) {
          expect(outcomes.has(outcomeKey(token.split('/')[0] ?? ''))).toBe(true);
        }
        // The session is not blocked: another start is a new recording.
        const again = await startRecording(world.ports, params('again'));
        expect(again.alreadyStarted).toBe(false);
      }),
      { numRuns: 800 },
    );
  }, 60_000);
});
