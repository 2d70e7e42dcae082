import type { Agenda } from './agenda.ts';

/** What somebody has used of a processor. */
export interface Usage {
  cpuMs: number;
}

export interface RunBy {
  readonly usage?: Usage | undefined;
  readonly thread?: object | undefined;
  readonly givesWay?: boolean;
}

interface Job {
  /** Of its thread's own time. */
  readonly endsAt: number;
  readonly done: () => void;
  readonly usage: Usage | undefined;
}

/** What rounding leaves. */
const NO_CORES = 1e-6;

interface Thread {
  readonly jobs: Set<Job>;
  /** How far each of its jobs has come: its own time, which passes slower than the clock where there are many. */
  progressMs: number;
  readonly givesWay: boolean;
}

/**
 * Cores as a kernel shares them: evenly among the threads that run, at most one by each. What runs in one thread, as all
 * recordings of a worker do, shares what that gets. What gives way, as pictures do, shares what nobody else wants.
 */
export class Processor {
  readonly #agenda: Agenda;
  readonly #cores: number;
  readonly #threads = new Map<object, Thread>();
  /** Cores that what goes on takes all the time, and how many these are. */
  #taken = 0;
  #takers = 0;
  #lookedAtMs = 0;
  #version = 0;

  constructor(agenda: Agenda, cores: number) {
    this.#agenda = agenda;
    this.#cores = cores;
  }

  /**
   * @param usage of whoever it is for. @param thread that runs it; one of its own by default
   * @param givesWay to all others: it is of the lowest priority
   */
  run(cpuMs: number, done: () => void, { usage, thread = {}, givesWay = false }: RunBy = {}): void {
    this.#advance();
    const running = this.#threads.get(thread) ?? { jobs: new Set(), progressMs: 0, givesWay };
    this.#threads.set(thread, running);
    running.jobs.add({ endsAt: running.progressMs + cpuMs, done, usage });
    this.#plan();
  }

  /** So that `usage` says what was used up to now. */
  look(): void {
    this.#advance();
  }

  /** @param cores of something that goes on from now on */
  take(cores: number): void {
    this.#advance();
    this.#taken += cores;
    this.#takers += 1;
    this.#plan();
  }

  /** Of one thread, which gives way or does not. */
  #speeds(): { readonly first: number; readonly last: number } {
    let giving = 0;
    for (const { givesWay } of this.#threads.values()) if (givesWay) giving += 1;
    const threads = this.#threads.size - giving;
    const rest = this.#cores - this.#taken;
    const each = rest / Math.max(1, threads);
    // What goes on wants little; where that is more than an even share as well, everything gets such a share.
    const isEnough = each * this.#takers >= this.#taken;
    const first = Math.min(1, this.#cores, isEnough ? each : this.#cores / (threads + this.#takers));
    const left = rest - threads * first;
    return { first, last: left < NO_CORES ? 0 : Math.min(1, left / Math.max(1, giving)) };
  }

  #advance(): void {
    const { nowMs } = this.#agenda;
    const passedMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    if (passedMs === 0) return;
    const { first, last } = this.#speeds();
    for (const thread of this.#threads.values()) {
      const eachMs = (passedMs * (thread.givesWay ? last : first)) / thread.jobs.size;
      thread.progressMs += eachMs;
      for (const { usage } of thread.jobs) if (usage !== undefined) usage.cpuMs += eachMs;
    }
  }

  #plan(): void {
    this.#version += 1;
    const version = this.#version;
    const next = this.#next();
    if (next === undefined) return;
    const { thread, endsAt } = next;
    this.#agenda.after(next.inMs, () => {
      if (version !== this.#version) return;
      this.#advance();
      // It is there, whatever is lost in rounding.
      thread.progressMs = Math.max(thread.progressMs, endsAt);
      this.#end();
    });
  }

  /** Whose job ends first. */
  #next(): { readonly thread: Thread; readonly endsAt: number; readonly inMs: number } | undefined {
    const { first, last } = this.#speeds();
    return [...this.#threads.values()]
      .filter(({ givesWay }) => !givesWay || last > 0)
      .map((thread) => {
        const endsAt = Math.min(...[...thread.jobs].map((job) => job.endsAt));
        const speed = thread.givesWay ? last : first;
        return { thread, endsAt, inMs: ((endsAt - thread.progressMs) * thread.jobs.size) / speed };
      })
      .reduce<{ thread: Thread; endsAt: number; inMs: number } | undefined>(
        (next, one) => (next === undefined || one.inMs < next.inMs ? one : next),
        undefined,
      );
  }

  #end(): void {
    const ended: Job[] = [];
    for (const [key, { jobs, progressMs }] of this.#threads) {
      for (const job of jobs) if (job.endsAt <= progressMs) ended.push(job);
      for (const job of ended) jobs.delete(job);
      if (jobs.size === 0) this.#threads.delete(key);
    }
    this.#plan();
    for (const { done } of ended) done();
  }
}
