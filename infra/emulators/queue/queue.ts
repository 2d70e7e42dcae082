import { randomUUID } from 'node:crypto';
import { MessageJournal, type StoredMessage } from './journal.ts';

/** Time, as the queue needs it; tests hand in their own. */
export interface QueueClock {
  nowMs(): number;
  /** @returns what cancels it */
  after(delayMs: number, run: () => void): () => void;
}

export interface QueueOptions {
  /** Where messages outlive the process. */
  readonly file: string;
  readonly name: string;
  readonly region: string;
  readonly accountId: string;
  readonly visibilityTimeoutMs: number;
  /** After so many tries a message is a dead letter; without it, it is tried until it is too old. */
  readonly maxReceiveCount?: number;
  /** Older messages are gone: SQS's MessageRetentionPeriod, four days by default. */
  readonly retentionMs?: number;
  /** Told of each message that goes to the dead letters. */
  readonly onDeadLetter?: (body: string) => void;
  readonly clock?: QueueClock;
}

/** A message in the hands of a receiver. */
export interface Received {
  readonly id: string;
  /** Of this receipt: the next one has another, and then this one deletes nothing. */
  readonly receiptHandle: string;
  readonly body: string;
  readonly sentAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
}

export interface ReceiveOptions {
  readonly max: number;
  /** The queue's own by default. */
  readonly visibilityTimeoutMs?: number;
  /** It is not given to anybody else before it is deleted or let go, however long that takes. */
  readonly held?: boolean;
}

interface Message extends StoredMessage {
  receiveCount: number;
  firstReceivedAtMs: number | undefined;
  dead: boolean;
  held: boolean;
  receiptHandle: string | undefined;
  visibleAtMs: number;
}

const SYSTEM_CLOCK: QueueClock = {
  nowMs: Date.now,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const RETENTION_MS = 4 * 24 * 3_600_000;

/**
 * A standard queue of SQS: delays, receipts, a visibility time-out between tries, dead letters after
 * `maxReceiveCount`. Every change is on disk when its call returns, and outlives the process with its times. Order is
 * not promised. `./server.ts` serves queues to the SDK, `./mapping.ts` hands one's messages to a function.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #clock: QueueClock;
  readonly #journal: MessageJournal;
  readonly #messages = new Map<string, Message>();
  readonly #listeners = new Set<() => void>();
  #emptied = Promise.withResolvers<void>();
  #cancelTimer: (() => void) | undefined;
  #closed: boolean = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { journal, messages } = MessageJournal.open(options.file);
    this.#journal = journal;
    for (const message of messages)
      this.#messages.set(message.id, { ...message, held: false, receiptHandle: undefined });
    this.#schedule(this.#clock.nowMs());
  }

  get name(): string {
    return this.#options.name;
  }

  get region(): string {
    return this.#options.region;
  }

  get arn(): string {
    return `arn:aws:sqs:${this.#options.region}:${this.#options.accountId}:${this.#options.name}`;
  }

  /** Bodies of the messages that were tried too often. */
  get deadLetters(): readonly string[] {
    return [...this.#messages.values()].filter((message) => message.dead).map((message) => message.body);
  }

  /** How many messages are still to be done, dead letters not counted. */
  get pending(): number {
    return [...this.#messages.values()].filter((message) => !message.dead).length;
  }

  /** Told when messages may have become visible. @returns what ends it */
  onVisible(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The message is on disk when this returns. @returns its id */
  send(body: string, delayMs = 0): string {
    const sentAtMs = this.#clock.nowMs();
    const stored: StoredMessage = {
      id: randomUUID(),
      body,
      sentAtMs,
      visibleAtMs: sentAtMs + delayMs,
      receiveCount: 0,
      firstReceivedAtMs: undefined,
      dead: false,
    };
    this.#journal.append({ op: 'send', ...stored });
    this.#messages.set(stored.id, { ...stored, held: false, receiptHandle: undefined });
    this.#tellVisible();
    return stored.id;
  }

  /** What is visible now, at most so much. */
  take({ max, visibilityTimeoutMs, held = false }: ReceiveOptions): Received[] {
    if (this.#closed) return [];
    const nowMs = this.#clock.nowMs();
    const taken: Received[] = [];
    for (const message of this.#messages.values()) {
      if (taken.length === max) break;
      if (message.dead || message.held || message.visibleAtMs > nowMs) continue;
      if (nowMs - message.sentAtMs >= (this.#options.retentionMs ?? RETENTION_MS)) {
        this.#remove(message);
        continue;
      }
      if (message.receiveCount >= (this.#options.maxReceiveCount ?? Number.POSITIVE_INFINITY)) {
        this.#bury(message);
        continue;
      }
      taken.push(this.#receive(message, nowMs, visibilityTimeoutMs, held));
    }
    this.#schedule(nowMs);
    return taken;
  }

  /** The same, and waits for the first message. @param signal whoever waits has gone: nothing is taken any more */
  async receive(options: ReceiveOptions, waitMs: number, signal: AbortSignal): Promise<Received[]> {
    const now = signal.aborted ? [] : this.take(options);
    if (now.length > 0 || waitMs === 0 || signal.aborted || this.#closed) return now;
    const { promise, resolve } = Promise.withResolvers<Received[]>();
    const look = (): void => {
      const taken = this.#closed ? undefined : this.take(options);
      if (taken === undefined || taken.length > 0) resolve(taken ?? []);
    };
    const end = (): void => resolve([]);
    const stopListening = this.onVisible(look);
    const cancelTimer = this.#clock.after(waitMs, end);
    signal.addEventListener('abort', end, { once: true });
    return promise.finally(() => {
      stopListening();
      cancelTimer();
      signal.removeEventListener('abort', end);
    });
  }

  /** @returns whether this receipt is known; one of an earlier receipt deletes nothing */
  delete(receiptHandle: string): boolean {
    const message = this.#byReceipt(receiptHandle);
    if (message === undefined) return false;
    this.#remove(message);
    return true;
  }

  /** @returns whether the message is in flight by this receipt */
  changeVisibility(receiptHandle: string, visibilityTimeoutMs: number): boolean {
    const message = this.#byReceipt(receiptHandle);
    const nowMs = this.#clock.nowMs();
    if (message === undefined || (!message.held && message.visibleAtMs <= nowMs)) return false;
    message.visibleAtMs = nowMs + visibilityTimeoutMs;
    this.#journal.append({ op: 'visible', id: message.id, atMs: message.visibleAtMs });
    this.#tellVisible();
    return true;
  }

  /** Whoever held it does not any more: it comes again when its visibility time-out is over. */
  letGo(receiptHandle: string): void {
    const message = this.#byReceipt(receiptHandle);
    if (message === undefined) return;
    message.held = false;
    this.#tellVisible();
  }

  /** SQS's ApproximateNumberOf…: to be had, in flight, delayed. Dead letters are in another queue there. */
  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    const nowMs = this.#clock.nowMs();
    const alive = [...this.#messages.values()].filter(({ dead }) => !dead);
    const hidden = alive.filter(({ held, visibleAtMs }) => held || visibleAtMs > nowMs);
    const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0).length;
    return { visible: alive.length - hidden.length, inFlight: hidden.length - delayed, delayed };
  }

  /** Puts all dead letters back, as if they had never been tried. */
  redrive(): void {
    for (const message of this.#messages.values()) {
      if (!message.dead) continue;
      this.#journal.append({ op: 'redrive', id: message.id });
      Object.assign(message, { dead: false, receiveCount: 0, visibleAtMs: this.#clock.nowMs() });
    }
    this.#tellVisible();
  }

  /** Settles when no message is pending. */
  async drained(): Promise<void> {
    while (this.pending > 0) await this.#emptied.promise;
  }

  /** Gives nothing more away, and lets those who wait go. What is left stays on disk. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    for (const listener of [...this.#listeners]) listener();
    this.#journal.close();
  }

  #receive(
    message: Message,
    nowMs: number,
    visibilityTimeoutMs: number | undefined,
    held: boolean,
  ): Received {
    const receiptHandle = randomUUID();
    const visibleAtMs = nowMs + (visibilityTimeoutMs ?? this.#options.visibilityTimeoutMs);
    // Who holds one lives in this process: after it, nobody does.
    this.#journal.append({
      op: 'receive',
      id: message.id,
      atMs: nowMs,
      visibleAtMs: held ? nowMs : visibleAtMs,
    });
    const firstReceivedAtMs = message.firstReceivedAtMs ?? nowMs;
    message.receiveCount += 1;
    Object.assign(message, { firstReceivedAtMs, held, receiptHandle, visibleAtMs });
    const { id, body, sentAtMs, receiveCount } = message;
    return { id, receiptHandle, body, sentAtMs, receiveCount, firstReceivedAtMs };
  }

  #byReceipt(receiptHandle: string): Message | undefined {
    return [...this.#messages.values()].find((message) => message.receiptHandle === receiptHandle);
  }

  #remove(message: Message): void {
    this.#journal.append({ op: 'delete', id: message.id });
    this.#messages.delete(message.id);
    if (this.#messages.size === 0) this.#journal.clear();
    this.#tellIfEmptied();
  }

  #bury(message: Message): void {
    this.#journal.append({ op: 'bury', id: message.id });
    message.dead = true;
    this.#options.onDeadLetter?.(message.body);
    this.#tellIfEmptied();
  }

  #tellIfEmptied(): void {
    if (this.pending > 0) return;
    this.#emptied.resolve();
    this.#emptied = Promise.withResolvers();
  }

  #tellVisible(): void {
    const nowMs = this.#clock.nowMs();
    for (const listener of [...this.#listeners]) listener();
    this.#schedule(nowMs);
  }

  /**
   * Comes back when the next message becomes visible.
   * @param lookedAtMs when those who are told of it looked: timers may come a little early, and time goes on since
   */
  #schedule(lookedAtMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#closed) return;
    const hidden = [...this.#messages.values()].filter(
      (message) => !message.held && !message.dead && message.visibleAtMs > lookedAtMs,
    );
    const nextAtMs = Math.min(...hidden.map((message) => message.visibleAtMs));
    if (Number.isFinite(nextAtMs))
      this.#cancelTimer = this.#clock.after(Math.max(0, nextAtMs - this.#clock.nowMs()), () =>
        this.#tellVisible(),
      );
  }
}
