import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Progress } from '../../functions/core/state/objects.ts';
import type { Dead } from './endings.ts';
import type { Carried, FromWorker, ToWorker } from './messages.ts';

/** A crash reaches so many recordings at most. */
export const RECORDINGS_PER_WORKER = 10;
/** Ten fill what one has (infra/wiringRecorders.ts) three times a second: what lives for so short is moved, and not left. */
const MORE_YOUNG_HEAP = '--max-semi-space-size=4';

export interface WorkerEvents {
  readonly onBegun: (carried: Carried, isClaimed: boolean) => void;
  readonly onEnded: (carried: Carried, code: string, message: string, progress: Progress | undefined) => void;
  readonly onDelay: (maxMs: number) => void;
  /** It is gone, and with it what it carried. @param how in words */
  readonly onGone: (worker: WorkerProcess, carried: readonly Carried[], how: string) => void;
}

/** A worker as its supervisor sees it. */
export class WorkerProcess {
  /** In the id of its journal, and of its folder on the disk. */
  readonly name: string = randomUUID();
  readonly #child: ChildProcess;
  readonly #carried = new Map<string, Carried>();
  /** When each run was claimed. */
  readonly #claimedAtMs = new Map<string, number>();
  /** The last that was told of each run. */
  readonly #progress = new Map<string, Progress>();
  #hasGone: boolean = false;

  constructor(file: string, events: WorkerEvents) {
    this.#child = fork(file, ['worker'], {
      env: { ...process.env, WORKER_NAME: this.name },
      execArgv: [...process.execArgv, MORE_YOUNG_HEAP],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#hear(message as FromWorker, events));
    this.#child.once('exit', (code, signal) => this.#gone(events, signal ?? `exit code ${code}`));
    this.#child.once('error', (error) => this.#gone(events, error.message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get carried(): readonly Carried[] {
    return [...this.#carried.values()];
  }

  /** The last that it told of a run that it carries. */
  progressOf({ runId }: Carried): Progress | undefined {
    return this.#progress.get(runId);
  }

  /** What is known of a run that it carried when it died. */
  deadOf(carried: Carried): Dead {
    const claimedAtMs = this.#claimedAtMs.get(carried.runId);
    return {
      carried,
      progress: this.progressOf(carried),
      carriedMs: claimedAtMs === undefined ? 0 : performance.now() - claimedAtMs,
    };
  }

  get hasRoom(): boolean {
    return !this.#hasGone && this.#carried.size < RECORDINGS_PER_WORKER;
  }

  begin(carried: Carried): void {
    this.#carried.set(carried.runId, carried);
    this.#tell({ kind: 'begin', carried });
  }

  carries(recordingId: string): boolean {
    return this.carried.some((one) => one.recordingId === recordingId);
  }

  look(recordingId: string): void {
    this.#tell({ kind: 'look', recordingId });
  }

  /** @param run all of them by default */
  interrupt(run?: Carried): void {
    if (run === undefined) this.#tell({ kind: 'interrupt' });
    else if (this.#carried.has(run.runId)) this.#tell({ kind: 'interrupt', runId: run.runId });
  }

  /** It carries nothing, and is not needed. */
  end(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #hear(message: FromWorker, events: WorkerEvents): void {
    if (message.kind === 'begun') {
      const { runId } = message.carried;
      if (message.isClaimed) this.#claimedAtMs.set(runId, performance.now());
      else this.#carried.delete(runId);
      events.onBegun(message.carried, message.isClaimed);
    } else if (message.kind === 'ended') {
      const { runId } = message.carried;
      const progress = this.#progress.get(runId);
      this.#carried.delete(runId);
      this.#progress.delete(runId);
      this.#claimedAtMs.delete(runId);
      events.onEnded(message.carried, message.code, message.message, progress);
    } else if (message.kind === 'progress') this.#progress.set(message.carried.runId, message.progress);
    else if (message.kind === 'delay') events.onDelay(message.maxMs);
  }

  #gone(events: WorkerEvents, how: string): void {
    if (this.#hasGone) return;
    this.#hasGone = true;
    const carried = this.carried;
    this.#carried.clear();
    events.onGone(this, carried, how);
  }
}
