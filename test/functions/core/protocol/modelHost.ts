import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@aws-lambda-powertools/logger';
import { type Dead, Endings, type Left } from '../../../../container/host/endings.ts';
import { type GoOnOptions, goOnHere } from '../../../../container/host/goOnHere.ts';
import { HostState } from '../../../../container/host/hostState.ts';
import type { Carried } from '../../../../container/host/messages.ts';
import type { StateStore } from '../../../../functions/aws/stateStore.ts';
import type { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';
import type { RecorderEnd, Task, TaskHost } from './modelTask.ts';
import type { ModelRecorder } from './recorder.ts';
import type { Witness } from './witness.ts';

/** What a host has of the world. Each call is one to the outside. */
export interface HostSurroundings extends Pick<GoOnOptions, 'secure' | 'goOn'> {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly settle: (message: object) => Promise<void>;
  /** A recorder that has not begun. */
  readonly recorder: (task: Task) => ModelRecorder;
  readonly spawn: (run: () => Promise<unknown>) => void;
  readonly witness: Witness;
  /** The host is gone, and with it what it carried. */
  readonly hostGone: (host: ModelHost) => void;
}

type Attempt = Pick<Carried, 'recordingId' | 'attempt'>;

/** Processes that die together. */
export class ProcessGroup {
  static readonly #current = new AsyncLocalStorage<ProcessGroup>();
  readonly #beginsIn: ProcessGroup | undefined = ProcessGroup.current;
  readonly #onDeath: () => void;
  #hasDied: boolean = false;

  constructor(onDeath: () => void = () => undefined) {
    this.#onDeath = onDeath;
  }

  /** Of whoever asks. */
  static get current(): ProcessGroup | undefined {
    return ProcessGroup.#current.getStore();
  }

  get isDead(): boolean {
    return this.#hasDied || this.#beginsIn?.isDead === true;
  }

  /** Of none: what begins so lives on. */
  static outside<T>(body: () => T): T {
    return ProcessGroup.#current.exit(body);
  }

  run<T>(body: () => T): T {
    return ProcessGroup.#current.run(this, body);
  }

  die(): void {
    if (this.isDead) return;
    this.#hasDied = true;
    this.#onDeath();
  }
}

const log = new Logger({ logLevel: 'SILENT' });

/**
 * A host without processes: what its supervisor does to the state and the queues, with the product's own functions. Each
 * recorder is a worker by itself: it dies alone, or with the host.
 */
export class ModelHost implements TaskHost {
  readonly hostId: string;
  readonly group: ProcessGroup = new ProcessGroup(() => this.#gone());
  readonly #world: HostSurroundings;
  readonly #endings: Endings;
  readonly #state: HostState;
  readonly #runs = new Map<string, { readonly carried: Carried; readonly recorder?: ModelRecorder }>();
  /** Of which the death is not told yet. */
  readonly #untold = new Set<Task>();
  #count = 0;

  constructor(hostId: string, world: HostSurroundings) {
    this.hostId = hostId;
    this.#world = world;
    const { store, clock, settle } = world;
    this.#state = new HostState(store as unknown as StateStore, hostId);
    const here: GoOnOptions = {
      ...world,
      isEnding: () => false,
      isFull: () => false,
      has: (next) => this.#has(next),
      take: (next) => this.#take(next),
    };
    this.#endings = new Endings({
      ...{ hostId, clock, settle, log },
      state: this.#state,
      goOn: (dead) => goOnHere(here, dead),
    });
  }

  /** An attempt that this host is to have, out of the queue. */
  assigned(next: Attempt): void {
    if (!this.#has(next)) this.#take(next);
  }

  #has({ recordingId, attempt }: Attempt): boolean {
    return [...this.#runs.values()].some(
      ({ carried }) => carried.recordingId === recordingId && carried.attempt >= attempt,
    );
  }

  #take({ recordingId, attempt }: Attempt): void {
    if (this.group.isDead) return;
    this.#count += 1;
    const carried = { recordingId, attempt, runId: `${this.hostId}, run ${this.#count}` };
    this.#runs.set(carried.runId, { carried });
    this.group.run(() => this.#world.spawn(() => this.#carry(carried)));
  }

  async #carry(carried: Carried): Promise<void> {
    const { recorder: begin } = this.#world;
    const { recordingId, attempt, runId } = carried;
    await this.#state.carry(carried);
    const task = { arn: this.hostId, recordingId, attempt, runId, host: this };
    const recorder = begin(task);
    this.#runs.set(runId, { carried, recorder });
    const worker = new ProcessGroup();
    await worker.run(() => recorder.run());
  }

  die(): void {
    this.group.die();
  }

  /** With the host, nobody says so. */
  left(task: Task, { code, message, claimedAtMs }: RecorderEnd): void {
    const carried = this.#runs.get(task.runId)?.carried;
    this.#runs.delete(task.runId);
    if (carried === undefined || this.group.isDead) return;
    const left: Left = { carried, progress: undefined };
    const carriedMs = claimedAtMs === undefined ? 0 : this.#world.clock.nowMs() - claimedAtMs;
    if (code === undefined) this.#untold.add(task);
    this.group.run(() => {
      if (code === undefined) this.#died({ ...left, carriedMs }, message);
      else this.#endings.ended(left, code === 'superseded' ? undefined : `${code}: ${message}`);
      this.#world.spawn(async () => {
        await this.#endings.told();
        this.#untold.delete(task);
      });
    });
  }

  #died(dead: Dead, how: string): void {
    this.#endings.died([dead], `its worker ended: ${how}`, Promise.resolve());
  }

  #gone(): void {
    for (const { recorder } of this.#runs.values()) recorder?.goneWithItsHost();
    for (const task of this.#untold) this.#world.witness.untold(task);
    this.#world.hostGone(this);
  }
}
