import type { CarriedProgress } from '../../functions/core/state/hostObjects.ts';
import type { Carried } from './messages.ts';
import { RECORDINGS_PER_WORKER, type WorkerEvents, WorkerProcess } from './workerProcess.ts';

/** Who is given more than this has recordings coming one after the other: the next worker loads what it needs meanwhile. */
const SPARE_FROM = RECORDINGS_PER_WORKER / 2;

/** Two workers' recordings may be asked for at one moment, of a host that carries nothing yet. */
const READY_MIN = 2;

/** The workers of a host. */
export class Workers {
  readonly #file: string;
  readonly #events: WorkerEvents;
  readonly #all = new Set<WorkerProcess>();

  /** @param file what a worker runs */
  constructor(file: string, events: WorkerEvents) {
    this.#file = file;
    this.#events = events;
  }

  get all(): ReadonlySet<WorkerProcess> {
    return this.#all;
  }

  get carried(): readonly Carried[] {
    return [...this.#all].flatMap((worker) => worker.carried);
  }

  /** Of what is carried, as far as it has begun. */
  get progress(): CarriedProgress[] {
    return [...this.#all].flatMap((worker) =>
      worker.carried.flatMap((one) => {
        const progress = worker.progressOf(one);
        return progress === undefined ? [] : [{ recordingId: one.recordingId, ...progress }];
      }),
    );
  }

  /** One that takes another recording, the fullest of them; where all are full it begins now. */
  withRoom(): WorkerProcess {
    const fullest = [...this.#all]
      .filter((worker) => worker.hasRoom)
      .sort((a, b) => b.carried.length - a.carried.length)[0];
    if (fullest !== undefined && fullest.carried.length >= SPARE_FROM) this.keepSpare();
    return fullest ?? this.#start();
  }

  /**
   * Called now and then, too: one that carries nothing is to be there, with all that it needs loaded, for what a worker has that
   * dies: to begin, it would take CPU that ten recordings need at that moment (docs/decisions/worker-memory.md).
   */
  keepSpare(): void {
    const isSpare = [...this.#all].some((worker) => worker.carried.length === 0);
    if (!isSpare || this.#all.size < READY_MIN) this.#start();
  }

  #start(): WorkerProcess {
    const worker = new WorkerProcess(this.#file, this.#events);
    this.#all.add(worker);
    return worker;
  }

  remove(worker: WorkerProcess): void {
    this.#all.delete(worker);
  }

  /** Something was asked of a recording. */
  look(recordingId: string): void {
    for (const worker of this.#all) if (worker.carries(recordingId)) worker.look(recordingId);
  }

  end(): void {
    for (const worker of this.#all) worker.end();
  }
}
