import type { Agenda } from './agenda.ts';

interface Job {
  /** Of the processor's own time. */
  readonly endsAt: number;
  readonly done: () => void;
}

/** Cores that are shared evenly by all that runs on them, at most one by each. */
export class Processor {
  readonly #agenda: Agenda;
  readonly #cores: number;
  #jobs: Job[] = [];
  /** Cores that something takes all the time. */
  #taken = 0;
  /** How far each job has come that runs: its own time, which passes slower than the clock where they are many. */
  #progressMs = 0;
  #lookedAtMs = 0;
  #version = 0;

  constructor(agenda: Agenda, cores: number) {
    this.#agenda = agenda;
    this.#cores = cores;
  }

  run(cpuMs: number, done: () => void): void {
    this.#advance();
    this.#jobs.push({ endsAt: this.#progressMs + cpuMs, done });
    this.#plan();
  }

  /** @param cores more than before, or fewer */
  take(cores: number): void {
    this.#advance();
    this.#taken += cores;
    this.#plan();
  }

  get #speed(): number {
    // What must go on never takes all.
    const free = Math.max(this.#cores - this.#taken, this.#cores / 10);
    return Math.min(1, this.#cores, free / Math.max(1, this.#jobs.length));
  }

  #advance(): void {
    const { nowMs } = this.#agenda;
    this.#progressMs += (nowMs - this.#lookedAtMs) * this.#speed;
    this.#lookedAtMs = nowMs;
  }

  #plan(): void {
    this.#version += 1;
    const version = this.#version;
    if (this.#jobs.length === 0) return;
    const first = Math.min(...this.#jobs.map(({ endsAt }) => endsAt));
    this.#agenda.after((first - this.#progressMs) / this.#speed, () => {
      if (version !== this.#version) return;
      this.#advance();
      // It is there, whatever is lost in rounding.
      this.#progressMs = Math.max(this.#progressMs, first);
      const ended = this.#jobs.filter(({ endsAt }) => endsAt <= first);
      this.#jobs = this.#jobs.filter(({ endsAt }) => endsAt > first);
      this.#plan();
      for (const { done } of ended) done();
    });
  }
}
