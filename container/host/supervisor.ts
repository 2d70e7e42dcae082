import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { type Assignment, assignmentSchema } from '../../functions/core/protocol/asks.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import type { AssignmentQueue, ReceivedAssignment } from './assignmentQueue.ts';
import { Endings, type Left } from './endings.ts';
import type { HostEnv } from './env.ts';
import { type GoOnOptions, goOnHere } from './goOnHere.ts';
import { HandOvers } from './handOvers.ts';
import type { HostState } from './hostState.ts';
import type { Carried } from './messages.ts';
import { Peers } from './peers.ts';
import { Polling, pause } from './polling.ts';
import type { Protection } from './protection.ts';
import { Pulse } from './pulse.ts';
import { rhythm, whenDue } from './rhythm.ts';
import { Room } from './room.ts';
import { Takes } from './takes.ts';
import type { WorkerProcess } from './workerProcess.ts';
import { Workers } from './workers.ts';

export interface SupervisorOptions extends Pick<GoOnOptions, 'secure' | 'goOn'> {
  readonly env: HostEnv;
  readonly hostId: string;
  readonly taskArn: string | undefined;
  readonly state: HostState;
  readonly assignments: AssignmentQueue;
  readonly protection: Protection;
  /** Tells the settle queue. Tries until it has. */
  readonly settle: (message: object) => Promise<void>;
  /** Asks for the next attempt, elsewhere. */
  readonly handOver: (carried: Carried) => Promise<void>;
  /** Tells the settle queue that another host says nothing any more. */
  readonly tellGone: (hostId: string, silentMs: number) => Promise<void>;
  /** Saves what a worker of this name has left on the disk. Tries for a while. */
  readonly saveLeft: (worker: string) => Promise<void>;
  /** Starts a worker. */
  readonly workerFile: string;
  readonly newRunId: () => string;
  /** It then ends by itself, and another one comes. */
  readonly ageMaxMs: number;
  /** For what others read. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** What became of an assignment. */
type Begun = 'claimed' | 'refused' | 'gone';

const MEASURE_MS = 2_000;
/** A stop waits for half of it, and for all of it at worst. */
const NUDGE_MS = 500;
const TELL_MS = 2_000;
const PEERS_MIN_MS = 250;
const RELIEVE_MS = 5_000;
const ALIVE_MS = 10_000;
/** What the container's health check looks at (infra/wiringRecorders.ts). */
const ALIVE_FILE = 'alive';
const NO_ROOM_MS = 500;
/** Who settles reads S3 too: as long as that takes nothing, nobody waits for him. He then settles what is there. */
const SAVED_WITHIN_MS = 30_000;
/** A message that is not for this host: for others to see soon. */
const PUT_BACK_SECONDS = 1;

/**
 * Process 1 of a host. It touches no media: it takes assignments while there is room, gives them to workers, and says at
 * once when a worker has died. What a worker carries is in `state/hosts/<hostId>/carries/` before it is claimed, so that
 * whoever finds the host gone finds it too.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #room: Room;
  readonly #workers: Workers;
  readonly #waiting = new Map<string, (begun: Begun) => void>();
  readonly #takes = new Takes();
  readonly #ending = new AbortController();
  readonly #endings: Endings;
  readonly #handOvers: HandOvers;
  readonly #pulse: Pulse;
  readonly #peers: Peers;
  readonly #polling: Polling;
  #quiet = Promise.withResolvers<void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#workers = new Workers(options.workerFile, {
      onBegun: (carried, isClaimed) => this.#begun(carried, isClaimed ? 'claimed' : 'refused'),
      onEnded: (carried, code, message, progress) =>
        this.#ended({ carried, progress }, wasClaimed(code) ? `${code}: ${message}` : undefined),
      onDelay: (maxMs) => this.#pulse.delayed(maxMs),
      onGone: (gone, carried, how) => this.#gone(gone, carried, how),
    });
    this.#polling = new Polling(options.assignments, options.log);
    const here: GoOnOptions = {
      ...options,
      isEnding: () => this.#ending.signal.aborted,
      isFull: () => this.#room.full(Date.now()) !== undefined,
      has: (next) => this.#has(next),
      take: (next) => this.#takeOver(next),
    };
    this.#endings = new Endings({ ...options, goOn: (dead) => goOnHere(here, dead) });
    this.#handOvers = new HandOvers({ ...options, workers: this.#workers.all });
    const { HOST_CPU_UNITS: cpuUnits, HOST_MEMORY_MB, MAX_RECORDINGS: maxRecordings } = options.env;
    this.#room = new Room({ cpuUnits, memoryBytes: HOST_MEMORY_MB * 1024 * 1024, maxRecordings });
    this.#pulse = new Pulse({
      ...options,
      room: this.#room,
      spoolFolder: options.env.SPOOL_DIR,
      carrying: () => ({ recordings: this.carried.length, progress: this.#workers.progress }),
      isEnding: () => this.#ending.signal.aborted,
    });
    this.#peers = new Peers({
      ...options,
      beat: () => this.#pulse.beat(),
      isLate: () => this.#pulse.isLate,
      nowMs: () => performance.now(),
    });
  }

  get carried(): readonly Carried[] {
    return this.#workers.carried;
  }

  /** Until it is told to end, and its recordings have ended. */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    // The first recording finds a worker that is ready.
    this.#workers.withRoom();
    const { log } = this.#options;
    const rhythms = [
      rhythm(MEASURE_MS, () => this.#pulse.measure(), log),
      rhythm(NUDGE_MS, () => this.#listen(), log),
      rhythm(TELL_MS, () => this.#pulse.tell(), log),
      whenDue(
        () => Math.max(PEERS_MIN_MS, this.#peers.dueInMs),
        () => this.#peers.look(),
        log,
      ),
      rhythm(ALIVE_MS, () => this.#sayAlive(), log),
      rhythm(RELIEVE_MS, () => this.#relieve(), log),
    ];
    while (!signal.aborted) await this.#takeOne(signal);
    await this.#takes.all();
    await this.#handOvers.all();
    this.#checkQuiet();
    await this.#quiet.promise;
    await this.#endings.told();
    for (const stop of rhythms) stop();
    this.#workers.end();
    await this.#options.state.removeStatus();
  }

  /** SIGTERM: takes nothing more, hands over what it carries, and ends when that has ended. */
  end(): void {
    this.#options.log.info('the host is told to end', { recordings: this.carried.length });
    this.#ending.abort();
  }

  /** A host that is too small for what it carries gives up the newest; one that is old, all of it. One that has room is ready. */
  async #relieve(): Promise<void> {
    const { log, ageMaxMs } = this.#options;
    if (this.#ending.signal.aborted) return;
    if (performance.now() > ageMaxMs) {
      log.info('the host is old');
      return this.end();
    }
    if (this.#room.full(Date.now()) === undefined) this.#workers.keepSpare();
    if (this.#room.mustGiveUpOne(performance.now())) await this.#handOvers.newest();
  }

  /** For ECS, which ends a host whose poll hangs: it would take no recording any more. */
  async #sayAlive(): Promise<void> {
    if (this.#polling.hangs && !this.#ending.signal.aborted) return;
    await mkdir(this.#options.env.SPOOL_DIR, { recursive: true });
    await writeFile(path.join(this.#options.env.SPOOL_DIR, ALIVE_FILE), '');
  }

  /** One message at a time: whether there is room for the next one is looked at with this one's share kept free. */
  async #takeOne(signal: AbortSignal): Promise<void> {
    await this.#takes.room();
    if (this.#room.full(Date.now()) !== undefined) {
      await pause(NO_ROOM_MS, signal);
      return;
    }
    const message = await this.#polling.next(signal);
    if (message === undefined) return;
    try {
      await this.#look(message, signal);
    } catch (error) {
      this.#notTaken(error);
    }
  }

  /** It comes again when its visibility is over, here or elsewhere; and `launch` is the net below. */
  #notTaken(error: unknown): void {
    this.#options.log.error('an assignment could not be taken', error as Error);
  }

  async #look(message: ReceivedAssignment, signal: AbortSignal): Promise<void> {
    const { assignments, hostId, log } = this.#options;
    const parsed = assignmentSchema.safeParse(message.body);
    // Of another version: others know what it says.
    if (!parsed.success) return log.warn('an assignment is not understood, and left to others');
    if (signal.aborted || parsed.data.avoidHostId === hostId)
      return assignments.putBack(message, PUT_BACK_SECONDS);
    // The message came twice, or the next attempt is for another process.
    if (this.#has(parsed.data)) return assignments.done(message);
    const take = () => this.#take(message, parsed.data).catch((error: unknown) => this.#notTaken(error));
    this.#takes.add(parsed.data, take);
  }

  /** It runs here, or is about to; or one after it. */
  #has({ recordingId, attempt }: Pick<Assignment, 'recordingId' | 'attempt'>): boolean {
    if ((this.#takes.attemptOf(recordingId) ?? 0) >= attempt) return true;
    return this.carried.some((one) => one.recordingId === recordingId && one.attempt >= attempt);
  }

  async #take(message: ReceivedAssignment, asked: Assignment): Promise<void> {
    const begun = await this.#carry(asked);
    // One whose worker is gone comes again.
    if (begun !== 'gone') await this.#options.assignments.done(message);
    if (begun === 'claimed') await this.#options.protection.keep();
  }

  /** What a worker of this host had goes on in another one of its workers, past all queues. */
  #takeOver(next: Pick<Assignment, 'recordingId' | 'attempt'>): void {
    const take = async (): Promise<void> => {
      if ((await this.#carry(next)) === 'claimed') await this.#options.protection.keep();
    };
    this.#takes.add(next, () => take().catch((error: unknown) => this.#notTaken(error)));
  }

  async #carry({ recordingId, attempt }: Pick<Assignment, 'recordingId' | 'attempt'>): Promise<Begun> {
    const { state, log, newRunId } = this.#options;
    const carried: Carried = { recordingId, attempt, runId: newRunId() };
    this.#room.taken(Date.now());
    await state.carry(carried).catch((error: unknown) => {
      this.#room.left();
      throw error;
    });
    const { promise, resolve } = Promise.withResolvers<Begun>();
    this.#waiting.set(carried.runId, resolve);
    this.#workers.withRoom().begin(carried);
    this.#handOvers.taken(carried);
    const begun = await promise;
    log.info('assignment', { recordingId, attempt, begun });
    return begun;
  }

  #begun({ runId }: Carried, begun: Begun): void {
    this.#waiting.get(runId)?.(begun);
    this.#waiting.delete(runId);
  }

  #ended(left: Left, reason: string | undefined): void {
    this.#begun(left.carried, 'refused');
    this.#room.left();
    this.#endings.ended(left, reason);
    this.#checkQuiet();
  }

  /** A worker died: what it carried goes on elsewhere, at once. */
  #gone(worker: WorkerProcess, carried: readonly Carried[], how: string): void {
    this.#workers.remove(worker);
    // It begins while what the dead one had is asked for.
    if (!this.#ending.signal.aborted) this.#workers.withRoom();
    if (!this.#ending.signal.aborted)
      this.#options.log.error('a worker died', { how, recordings: carried.map((one) => one.recordingId) });
    for (const one of carried) {
      this.#begun(one, 'gone');
      this.#room.left();
    }
    if (carried.length > 0)
      this.#endings.died(
        carried.map((one) => worker.deadOf(one)),
        `its worker ended: ${how}`,
        this.#saveLeft(worker),
      );
    this.#checkQuiet();
  }

  /** Settles when it is saved, or takes too long to wait for: it goes on then. */
  #saveLeft({ name }: WorkerProcess): Promise<void> {
    const saved = this.#options
      .saveLeft(name)
      .catch((error: unknown) =>
        this.#options.log.error('what a dead worker had not saved is lost', error as Error),
      );
    return Promise.race([saved, delay(SAVED_WITHIN_MS, undefined, { ref: false })]);
  }

  #checkQuiet(): void {
    if (this.#ending.signal.aborted && this.carried.length === 0) this.#quiet.resolve();
  }

  /** Something was asked of a recording that is carried here. */
  async #listen(): Promise<void> {
    if (this.carried.length === 0) return;
    const { recordingIds, retire } = await this.#options.state.asked();
    if (retire && !this.#ending.signal.aborted) {
      this.#options.log.info('the host is of an earlier deployment');
      this.end();
    }
    for (const recordingId of recordingIds) this.#workers.look(recordingId);
  }
}

/** One that another run has, or nobody waits for, is none of this host's. */
const wasClaimed = (code: string): boolean => code !== 'superseded';
