import { AsyncLocalStorage } from 'node:async_hooks';
import type fc from 'fast-check';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { applyHook } from '../../../../functions/core/hooks/apply.ts';
import { hookSettingsSchema } from '../../../../functions/core/hooks/settings.ts';
import type { KnownObjects } from '../../../../functions/core/protocol/attempt.ts';
import type { TaskRequest } from '../../../../functions/core/protocol/launch.ts';
import { type RecordingMend, reconcileRecording } from '../../../../functions/core/protocol/reconcile.ts';
import { type StoppedAttempt, settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { type StartResult, startRecording } from '../../../../functions/core/protocol/start.ts';
import { stopRecording } from '../../../../functions/core/protocol/stop.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import type { RecordingObjects } from '../../../../functions/core/state/fold.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import {
  ACTIVE_PREFIX,
  hostCarriesKey,
  lockKey,
  partKey,
  sessionKey,
} from '../../../../functions/core/state/keys.ts';
import { lockSchema, type Session } from '../../../../functions/core/state/objects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';
import { ProcessGroup } from './modelHost.ts';
import { ModelHosts } from './modelHosts.ts';
import { ModelLaunches } from './modelLaunches.ts';
import type { RecorderEnd, Task } from './modelTask.ts';
import { Died, finalOf, ModelRecorder } from './recorder.ts';
import type { Script } from './script.ts';
import { Witness } from './witness.ts';

export const SESSION = 'live/cam';
const RECONCILE_EVERY_MS = 5 * 60_000;
const HOOKS = hookSettingsSchema.parse({ sources: { '*': 'rtmp://media.example/{app}/{streamName}' } });

/**
 * One store, and around it the product's own functions as processes: hooks, starts, stops, recorders, ECS's events and
 * the schedule. Before each call to the outside any other process may come first, and this one may die.
 */
export class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  /** By client token: the same RunTask again gives the same task. */
  readonly tasks = new Map<string, Task>();
  /** Those that have not stopped. */
  readonly running = new Map<Task, ModelRecorder>();
  readonly witness = new Witness(this.store, this.running);
  /** What reconcile had to do. */
  readonly mended: RecordingMend[] = [];
  /** Nothing dies, fails or is lost any more; what records goes on until it is stopped. */
  calm: boolean = false;
  readonly #processes: Promise<void>[] = [];
  readonly #immortal = new AsyncLocalStorage<true>();
  readonly #scheduler: fc.Scheduler;
  readonly #script: Script;
  readonly hostedMs: number;
  readonly #deaths: ReadonlySet<number>;
  #calls = 0;
  #runs = 0;
  #looksForRoom = 0;
  #ids = 0;

  constructor(scheduler: fc.Scheduler, plan: Script) {
    this.#scheduler = scheduler;
    this.#script = plan;
    this.hostedMs = plan.hostedMs;
    this.#deaths = new Set(plan.deaths);
    this.store.before = () => this.step();
  }

  readonly ports = {
    store: this.store,
    clock: this.clock,
    tasks: {
      run: (recordingId: string, attempt: number, isApart = false) =>
        isApart ? this.#launch(recordingId, attempt) : this.#ask(recordingId, attempt),
    },
    stopTasks: async () => this.step(),
    hasTask: async (recordingId: string) =>
      [...this.running.keys()].some((task) => task.recordingId === recordingId),
    sleep: async () => undefined,
    newRecordingId: () => {
      this.#ids += 1;
      const random = Buffer.alloc(16);
      random.writeUInt32BE(this.#ids, 12);
      return newRecordingId(this.clock.timeMs, random);
    },
    warn: () => undefined,
    announce: async () => this.step(),
    announceMissing: async () => this.step(),
    rescue: (objects: RecordingObjects) => this.#rescue(objects.job.recordingId),
    readObjects: (id: string, own: KnownObjects) => readRecording(this.store, id, own),
  };

  readonly #launches = new ModelLaunches({
    ...{ store: this.store, clock: this.clock },
    runTask: (request) => this.#runTask(request),
    haveHostsRoom: () => this.#haveHostsRoom(),
    step: () => this.step(),
    spawnElsewhere: (run) => this.spawnElsewhere(run),
    settle: (recordingId, stopped) => this.#settle(recordingId, stopped),
  });

  readonly #hosts = new ModelHosts({
    ...{ store: this.store, clock: this.clock, tasks: this.ports.tasks, witness: this.witness },
    step: () => this.step(),
    spawn: (run) => this.spawn(run),
    spawnElsewhere: (run) => this.spawnElsewhere(run),
    recorder: (task) => this.recorder(task, task.runId),
    secure: ({ recordingId, attempt }) => this.#launch(recordingId, attempt + 1, this.#script.launchesAfter),
    settle: (ask) => this.#settle(ask.recordingId, ask),
    timesTold: (host) => (this.calm ? 1 : (this.#script.events[host] ?? 1)),
  });

  get session(): Session | undefined {
    const object = this.store.objects.get(sessionKey(SESSION));
    return object === undefined ? undefined : (JSON.parse(object.json) as Session);
  }

  /** The stream is there, and nobody asked for a recording. */
  publishQuietly(): void {
    const name = 'cam';
    this.store.put(sessionKey(SESSION), {
      mediaSessionId: SESSION,
      name,
      status: 'PUBLISHING',
      sourceUrl: 'rtmp://media.example/live/cam',
      eventAtMs: 1,
    } satisfies Session);
  }

  start(requestId: string): Promise<StartResult> {
    return startRecording(this.ports, { mediaSessionId: SESSION, settings: DEFAULT_SETTINGS, requestId });
  }

  stop(by: string): Promise<unknown> {
    return stopRecording(this.ports, { mediaSessionId: SESSION, by });
  }

  /** What the media server says of its n-th publisher. */
  hook(what: 'published' | 'unpublished', client: number): Promise<unknown> {
    const event = {
      what,
      mediaSessionId: SESSION,
      name: 'cam',
      app: 'live',
      kind: 'rtmp',
      sessionId: String(client),
      record: true,
    } as const;
    const context = { hooks: HOOKS, defaults: DEFAULT_SETTINGS, requestId: `${what}${client}` };
    return applyHook(this.ports, event, context);
  }

  /** Runs a process; dying, and being refused, are ways to end. */
  spawn(run: () => Promise<unknown>): void {
    this.#processes.push(
      run().then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof Died) && !(error instanceof RecorderError)) throw error;
        },
      ),
    );
  }

  /** A process of its own, which dies when it does. */
  spawnElsewhere(run: () => Promise<unknown>): void {
    this.#immortal.exit(() => ProcessGroup.outside(() => this.spawn(run)));
  }

  /** A process that does not die: its caller would call again. */
  spawnImmortal(run: () => Promise<unknown>): void {
    this.#immortal.run(true, () => this.spawn(run));
  }

  async settled(): Promise<void> {
    for (let done = 0; done < this.#processes.length; ) {
      done = this.#processes.length;
      await this.#scheduler.waitFor(Promise.all(this.#processes));
    }
  }

  /** Recorders on hosts of which nobody would know who finds that host gone. */
  get unlisted(): readonly Task[] {
    return [...this.running]
      .filter(([{ host, recordingId, attempt }, { isRecording }]) => {
        const key = host && hostCarriesKey(host.hostId, recordingId, attempt);
        return isRecording && key !== undefined && !this.store.objects.has(key);
      })
      .map(([task]) => task);
  }

  /** What the schedule does: recordings that are marked as going on. */
  async reconcile(): Promise<void> {
    this.clock.timeMs += RECONCILE_EVERY_MS;
    for (const marker of this.store.keys(ACTIVE_PREFIX)) {
      const recordingId = marker.slice(ACTIVE_PREFIX.length);
      const objects = await readRecording(this.store, recordingId);
      if (objects === undefined) continue;
      const lock = this.store.value(lockKey(SESSION), lockSchema);
      const holdsLock = lock?.recordingId === recordingId && lock.releasedAtMs === undefined;
      if (objects.outcome !== undefined && !holdsLock) {
        this.store.objects.delete(marker);
        continue;
      }
      const settle = async (_: unknown, gone: StoppedAttempt) => this.#settle(recordingId, gone);
      // What fails is tried again by the next run.
      const mend = await reconcileRecording({ ...this.ports, settle }, objects).catch((error: unknown) => {
        if (!(error instanceof RecorderError)) throw error;
      });
      if (mend !== undefined) this.mended.push(mend);
    }
  }

  /** Some time passes: recorders that go on see what was asked of them. */
  async pass(): Promise<void> {
    await this.reconcile();
    for (const recorder of this.running.values()) this.spawn(() => recorder.look());
    await this.settled();
  }

  async step(): Promise<void> {
    this.clock.timeMs += this.calm ? 1 : this.#script.callMs;
    if (this.calm) return;
    this.#calls += 1;
    const dies = this.#deaths.has(this.#calls) && this.#immortal.getStore() === undefined;
    const group = ProcessGroup.current;
    await this.#scheduler.schedule(Promise.resolve());
    if (dies) group?.die();
    if (dies || group?.isDead === true) throw new Died();
  }

  /** The task has stopped: ECS says so, once, twice, or the event is lost. Of a recorder on a host, that host says it. */
  stopped(task: Task, end: RecorderEnd): void {
    const index = [...this.tasks.values()].indexOf(task);
    this.running.delete(task);
    const { recordingId, attempt, arn, host } = task;
    if (host !== undefined) {
      host.left(task, end);
      return;
    }
    const reason = end.message;
    const endedAtMs = this.clock.timeMs;
    const times = this.calm ? 1 : (this.#script.events[index] ?? 1);
    for (let i = 0; i < times; i++) {
      this.spawn(() =>
        this.#settle(recordingId, {
          ...{ attempt, taskArn: arn, reason, endedAtMs },
          by: 'task-stopped',
          died: true,
        }).catch((error: unknown) => {
          // The event comes again.
          if (!(error instanceof RecorderError)) throw error;
        }),
      );
    }
  }

  /** Hosts are asked, where there are any, and the launch queue before them. */
  async #ask(recordingId: string, attempt: number): Promise<void> {
    await this.#launch(recordingId, attempt, this.#script.launchesAfter);
    if (!this.#script.hasHosts) return;
    await this.step();
    this.#hosts.assign(recordingId, attempt);
  }

  /** @param afterCalls so that hosts come first, as they do if they have room */
  async #launch(recordingId: string, attempt: number, afterCalls = 0): Promise<void> {
    await this.step();
    this.#launches.ask(recordingId, attempt, afterCalls);
  }

  async #haveHostsRoom(): Promise<boolean> {
    await this.step();
    this.#looksForRoom += 1;
    return this.#script.hasHosts && this.#looksForRoom <= this.#script.looksWithRoom;
  }

  async #runTask({ recordingId, attempt, clientToken }: TaskRequest): Promise<readonly string[]> {
    await this.step();
    this.#runs += 1;
    if (this.tasks.has(clientToken)) return [];
    if (!this.calm && this.#script.refusals.includes(this.#runs)) return ['RESOURCE:CPU'];
    const arn = `task/${this.tasks.size}`;
    const task: Task = { arn, recordingId, attempt, runId: `run of ${arn}` };
    const recorder = this.recorder(task, clientToken);
    this.spawnElsewhere(() => recorder.run());
    return [];
  }

  /** One that has not begun. @param token the same again gives the same */
  recorder(task: Task, token: string): ModelRecorder {
    const story = this.calm ? 'goes on' : (this.#script.tasks[this.tasks.size] ?? 'source ended');
    this.tasks.set(token, task);
    const recorder = new ModelRecorder(this, task, story);
    this.running.set(task, recorder);
    return recorder;
  }

  async #settle(recordingId: string, stopped: StoppedAttempt): Promise<void> {
    const objects = await readRecording(this.store, recordingId);
    if (objects !== undefined) await settleAttempt(this.ports, objects, stopped);
  }

  /** What `Rescue` does, without its bytes: a part whose recorder is gone gets its end. */
  async #rescue(recordingId: string): Promise<RecordingObjects> {
    const objects = await readRecording(this.store, recordingId);
    if (objects === undefined) throw new Error('there is no such recording');
    for (const { open, final } of objects.parts.values()) {
      if (open === undefined || final !== undefined) continue;
      if (objects.attempts.get(open.attempt)?.end === undefined) continue;
      await this.store.create(partKey(recordingId, open.part, 'final'), finalOf(open, true));
    }
    return (await readRecording(this.store, recordingId)) ?? objects;
  }
}
