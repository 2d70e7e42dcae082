import fc from 'fast-check';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { type LaunchAsk, launchAsk } from '../../../../functions/core/protocol/asks.ts';
import { beginAttempt, endAttempt } from '../../../../functions/core/protocol/attempt.ts';
import { CapacityFallback, type TaskRequest } from '../../../../functions/core/protocol/launch.ts';
import { launchAsked } from '../../../../functions/core/protocol/launchAsked.ts';
import { recordingsOfLock } from '../../../../functions/core/protocol/lock.ts';
import { reconcileRecording } from '../../../../functions/core/protocol/reconcile.ts';
import { type StoppedAttempt, settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { type StartResult, startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import { lockKey, sessionKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema, type Reason, stopSchema } from '../../../../functions/core/state/objects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

export const SESSION = 'm1';
const CAPACITY_PROVIDERS = ['FARGATE_SPOT', 'FARGATE'];
/** From one refusal to the next: the third comes after the deadline. */
const REFUSED_MS = 70_000;
const RECONCILE_EVERY_MS = 5 * 60_000;

/** A process is gone between two of its calls. */
class Died extends Error {}

const TASK_STORIES = ['killed', 'told to end', 'source ended', 'never started'] as const;
type TaskStory = (typeof TASK_STORIES)[number];

/** What befalls a world. */
export interface Script {
  readonly starts: number;
  readonly stops: number;
  /** How the n-th task ends. */
  readonly tasks: readonly TaskStory[];
  /** Whether the n-th task's event is delivered, twice, or lost. */
  readonly events: readonly number[];
  /** Of all calls, counted over all processes: these die before them. */
  readonly deaths: readonly number[];
  /** RunTasks that are refused for want of capacity. */
  readonly refusals: readonly number[];
}

export const script: fc.Arbitrary<Script> = fc.record({
  starts: fc.integer({ min: 1, max: 4 }),
  stops: fc.integer({ min: 0, max: 3 }),
  tasks: fc.array(fc.constantFrom(...TASK_STORIES), { maxLength: 8 }),
  events: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 }),
  deaths: fc.array(fc.integer({ min: 1, max: 160 }), { maxLength: 6 }),
  refusals: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 4 }),
});

interface Task {
  readonly arn: string;
  readonly recordingId: string;
  readonly attempt: number;
}

/**
 * One store, and around it the product's own functions as processes: starts, stops, recorders, ECS's events and the
 * schedule. Before each call to the outside any other process may come first, and this one may die.
 */
export class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  /** By client token: the same RunTask again gives the same task. */
  readonly tasks = new Map<string, Task>();
  readonly running = new Set<Task>();
  /** Tasks that recorded, by attempt. */
  readonly recorders = new Map<string, Set<string>>();
  /** Nothing dies, fails or is lost any more. */
  calm: boolean = false;
  readonly #processes: Promise<void>[] = [];
  readonly #scheduler: fc.Scheduler;
  readonly #script: Script;
  readonly #deaths: ReadonlySet<number>;
  #calls = 0;
  #runs = 0;
  #ids = 0;

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

  readonly #launcher = new CapacityFallback((request) => this.#runTask(request), CAPACITY_PROVIDERS);

  readonly #ports = {
    store: this.store,
    clock: this.clock,
    tasks: { run: (recordingId: string, attempt: number) => this.#ask(recordingId, attempt) },
    stopTasks: async () => this.#step(),
    hasTask: async (recordingId: string) =>
      [...this.running].some((task) => task.recordingId === recordingId),
    sleep: async () => undefined,
    newRecordingId: () => {
      this.#ids += 1;
      const random = Buffer.alloc(16);
      random.writeUInt32BE(this.#ids, 12);
      return newRecordingId(this.clock.timeMs, random);
    },
    warn: () => undefined,
    announce: async () => this.#step(),
    announceMissing: async () => this.#step(),
  };

  /** Everything that the script has people do. */
  begin(): void {
    for (let i = 0; i < this.#script.starts; i++) this.#spawn(() => this.start(`start${i}`));
    for (let i = 0; i < this.#script.stops; i++) {
      this.#spawn(() => stopRecording(this.#ports, { mediaSessionId: SESSION, by: `stop${i}` }));
    }
  }

  start(requestId: string): Promise<StartResult> {
    return startRecording(this.#ports, { mediaSessionId: SESSION, settings: DEFAULT_SETTINGS, requestId });
  }

  /** The launch queue: a message comes again until the function is done with it. */
  async #ask(recordingId: string, attempt: number): Promise<void> {
    await this.#step();
    this.#deliver(launchAsk(recordingId, attempt, this.clock.timeMs));
  }

  #deliver(ask: LaunchAsk): void {
    this.#spawn(async () => {
      try {
        await launchAsked(
          {
            ...this.#ports,
            tasks: this.#launcher,
            note: async () => this.#step(),
            again: async (later) => {
              await this.#step();
              this.clock.timeMs += REFUSED_MS;
              this.#deliver(later);
            },
            giveUp: ({ attempt }, reason) =>
              this.#settle(ask.recordingId, { attempt, reason, by: 'launch', isFinal: true }),
            random: () => 0,
          },
          ask,
        );
      } catch (error) {
        this.#deliver(ask);
        throw error;
      }
    });
  }

  async settled(): Promise<void> {
    for (let done = 0; done < this.#processes.length; ) {
      done = this.#processes.length;
      await this.#scheduler.waitFor(Promise.all(this.#processes));
    }
  }

  /** What the schedule does: recordings that a lock names. */
  async reconcile(): Promise<void> {
    this.clock.timeMs += RECONCILE_EVERY_MS;
    const key = lockKey(SESSION);
    const lock = await this.store.read(key, lockSchema);
    if (lock === undefined) return;
    const { holder, earlier } = await recordingsOfLock(this.#ports, key, lock);
    for (const recordingId of [...(holder === undefined ? [] : [holder]), ...earlier]) {
      const objects = await readRecording(this.store, recordingId);
      if (objects === undefined) continue;
      const settle = async (_: unknown, gone: StoppedAttempt) => this.#settle(recordingId, gone);
      await reconcileRecording({ ...this.#ports, settle }, objects);
    }
  }

  async #step(): Promise<void> {
    if (this.calm) return;
    this.#calls += 1;
    const dies = this.#deaths.has(this.#calls);
    await this.#scheduler.schedule(Promise.resolve());
    if (dies) throw new Died();
  }

  /** Runs a process; dying, and being refused, are ways to end. */
  #spawn(run: () => Promise<unknown>): void {
    this.#processes.push(
      run().then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof Died) && !(error instanceof RecorderError)) throw error;
        },
      ),
    );
  }

  async #runTask({ recordingId, attempt, clientToken }: TaskRequest): Promise<readonly string[]> {
    await this.#step();
    this.#runs += 1;
    if (this.tasks.has(clientToken)) return [];
    if (!this.calm && this.#script.refusals.includes(this.#runs)) return ['RESOURCE:CPU'];
    const index = this.tasks.size;
    const task: Task = { arn: `task/${index}`, recordingId, attempt };
    this.tasks.set(clientToken, task);
    this.running.add(task);
    this.#spawn(() => this.#task(task, index));
    return [];
  }

  /** A task: what a recorder does to the state, and ECS's event when it is gone. */
  async #task(task: Task, index: number): Promise<void> {
    const story = this.calm ? 'source ended' : (this.#script.tasks[index] ?? 'source ended');
    try {
      if (story !== 'never started') await this.#recorder(task, story);
    } finally {
      this.running.delete(task);
      const { recordingId, attempt } = task;
      const times = this.calm ? 1 : (this.#script.events[index] ?? 1);
      for (let i = 0; i < times; i++) {
        this.#spawn(() => this.#settle(recordingId, { attempt, reason: story, by: 'task-stopped' }));
      }
    }
  }

  async #recorder(task: Task, story: TaskStory): Promise<void> {
    const { recordingId, attempt, arn } = task;
    const begun = await beginAttempt(this.#ports, { recordingId, attempt, taskArn: arn });
    if (begun.kind !== 'claimed') return;
    const token = `${recordingId}/${attempt}`;
    this.recorders.set(token, (this.recorders.get(token) ?? new Set()).add(arn));
    await this.#step();
    if (story === 'killed') throw new Died();
    const isStopped = (await this.store.read(stopKey(recordingId), stopSchema)) !== undefined;
    const code = isStopped ? 'stopped' : story === 'source ended' ? 'source_ended' : 'interrupted';
    const reason: Reason = { code, message: story };
    const allParts = async () => (await readRecording(this.store, recordingId))?.parts ?? new Map();
    await endAttempt({ ...this.#ports, allParts }, begun.job, attempt, reason);
  }

  async #settle(recordingId: string, stopped: StoppedAttempt): Promise<void> {
    const objects = await readRecording(this.store, recordingId);
    if (objects !== undefined) await settleAttempt(this.#ports, objects, stopped);
  }
}
