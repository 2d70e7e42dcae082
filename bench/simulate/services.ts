import type { Agenda } from './agenda.ts';
import { MINUTE_MS, type Quotas } from './scenario.ts';

/** Lambda's concurrency of an account. */
export class Concurrency {
  readonly #most: number;
  #now = 0;
  /** The most there were at once. */
  peak = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns whether there was room; then `leave` gives it back */
  enter(): boolean {
    if (this.#now >= this.#most) return false;
    this.#now += 1;
    this.peak = Math.max(this.peak, this.#now);
    return true;
  }

  leave(): void {
    this.#now -= 1;
  }
}

/** So many at a time; the others wait their turn. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #now = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param run is told how to give its turn back */
  take(run: (leave: () => void) => void): void {
    if (this.#now >= this.#most) {
      this.#waiting.push(() => this.take(run));
      return;
    }
    this.#now += 1;
    run(() => {
      this.#now -= 1;
      this.#waiting.shift()?.();
    });
  }
}

/** Looks again where the account has no room left. */
const AGAIN_MS = 1_000;

/** A queue whose messages go to a function: Lambda's pollers, more of them the longer there are messages. */
export class FunctionQueue {
  readonly #agenda: Agenda;
  readonly #account: Concurrency;
  readonly #quotas: Quotas;
  readonly #atOnceMost: number;
  #waiting: { readonly sentAtMs: number; readonly work: (done: () => void) => void }[] = [];
  #taken = 0;
  #running = 0;
  #busySinceMs = 0;
  #willLook = false;
  /** How long messages waited. */
  readonly agesMs: number[] = [];
  longest = 0;

  constructor(agenda: Agenda, account: Concurrency, quotas: Quotas, atOnceMost: number) {
    this.#agenda = agenda;
    this.#account = account;
    this.#quotas = quotas;
    this.#atOnceMost = atOnceMost;
  }

  send(work: (done: () => void) => void): void {
    if (this.#length === 0 && this.#running === 0) this.#busySinceMs = this.#agenda.nowMs;
    this.#waiting.push({ sentAtMs: this.#agenda.nowMs, work });
    this.longest = Math.max(this.longest, this.#length);
    this.#look();
  }

  get #length(): number {
    return this.#waiting.length - this.#taken;
  }

  get #allowed(): number {
    const { pollersFirst, pollersPerMinute } = this.#quotas;
    const busyMs = this.#agenda.nowMs - this.#busySinceMs;
    return Math.min(this.#atOnceMost, pollersFirst + Math.floor((busyMs / MINUTE_MS) * pollersPerMinute));
  }

  #look(): void {
    while (this.#length > 0 && this.#running < this.#allowed && this.#account.enter()) {
      const message = this.#waiting[this.#taken];
      if (message === undefined) return;
      this.#taken += 1;
      // A queue of a million is not moved for each of them.
      if (this.#taken > 10_000) {
        this.#waiting = this.#waiting.slice(this.#taken);
        this.#taken = 0;
      }
      this.#running += 1;
      this.agesMs.push(this.#agenda.nowMs - message.sentAtMs);
      message.work(() => {
        this.#running -= 1;
        this.#account.leave();
        this.#look();
      });
    }
    if (this.#length === 0 || this.#willLook) return;
    this.#willLook = true;
    this.#agenda.after(AGAIN_MS, () => {
      this.#willLook = false;
      this.#look();
    });
  }
}

/** Writes to S3 as a stream: what is more than the partitions take waits, as writers do that are told to slow down. */
export class Storage {
  readonly #agenda: Agenda;
  readonly #perSecond: number;
  #steadyPerSecond = 0;
  #backlog = 0;
  #lookedAtMs = 0;
  #writes = 0;
  longestWaitMs = 0;
  /** The most that was asked for in ten seconds, a second. */
  peakPerSecond = 0;
  #windowFromMs = 0;
  #windowWrites = 0;

  constructor(agenda: Agenda, { s3WritesPerSecond, s3Partitions }: Quotas) {
    this.#agenda = agenda;
    this.#perSecond = s3WritesPerSecond * s3Partitions;
  }

  /** Writes that go on all the time. @param perSecond more than before, or fewer */
  steady(perSecond: number): void {
    this.#advance();
    this.#steadyPerSecond += perSecond;
  }

  /** @returns how long the last of these waits */
  write(count: number): number {
    this.#advance();
    this.#backlog += count;
    this.#writes += count;
    this.#windowWrites += count;
    const waitMs = (this.#backlog / this.#perSecond) * 1000;
    this.longestWaitMs = Math.max(this.longestWaitMs, waitMs);
    return waitMs;
  }

  get writes(): number {
    this.#advance();
    return this.#writes;
  }

  #advance(): void {
    const { nowMs } = this.#agenda;
    const seconds = (nowMs - this.#lookedAtMs) / 1000;
    this.#writes += this.#steadyPerSecond * seconds;
    this.#windowWrites += this.#steadyPerSecond * seconds;
    this.#backlog = Math.max(0, this.#backlog + (this.#steadyPerSecond - this.#perSecond) * seconds);
    this.longestWaitMs = Math.max(this.longestWaitMs, (this.#backlog / this.#perSecond) * 1000);
    this.#lookedAtMs = nowMs;
    const windowMs = nowMs - this.#windowFromMs;
    if (windowMs < 10_000) return;
    this.peakPerSecond = Math.max(this.peakPerSecond, (this.#windowWrites / windowMs) * 1000);
    this.#windowFromMs = nowMs;
    this.#windowWrites = 0;
  }
}
