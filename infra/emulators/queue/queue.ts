import { createHash, randomUUID } from 'node:crypto';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { MessageJournal, type StoredMessage } from './journal.ts';
import { failedMessages } from './response.ts';

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
  readonly batchSize: number;
  readonly visibilityTimeoutMs: number;
  readonly maxReceiveCount: number;
  /** How many batches are out at once. */
  readonly maxBatches?: number;
  /** Told of each message that goes to the dead letters. */
  readonly onDeadLetter?: (body: string) => void;
  readonly clock?: QueueClock;
}

/**
 * Hands a batch to the function. What it answers is SQSBatchResponse (ReportBatchItemFailures); what it throws fails
 * the whole batch.
 */
export type Deliver = (event: SQSEvent) => Promise<unknown>;

interface Message extends StoredMessage {
  receiveCount: number;
  firstReceivedAtMs: number | undefined;
  dead: boolean;
  inFlight: boolean;
  visibleAtMs: number;
}

const SYSTEM_CLOCK: QueueClock = {
  nowMs: Date.now,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * SQS in-process, with Lambda's event source mapping in front: batches, partial failures, a visibility time-out between
 * tries, dead letters after `maxReceiveCount`. Order is not promised, as in a standard queue.
 *
 * A message is not handed out again while the function still has it, however long that takes: AWS asks for a visibility
 * time-out longer than the function's own, and here it may be shorter, for quick tries on one machine.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #clock: QueueClock;
  readonly #journal: MessageJournal;
  readonly #messages = new Map<string, Message>();
  readonly #batches = new Set<Promise<void>>();
  #emptied = Promise.withResolvers<void>();
  #deliver: Deliver | undefined;
  #cancelTimer: (() => void) | undefined;
  #closed: boolean = false;

  /** Opens the file and holds what is sent; nothing is delivered before `start`. */
  constructor(options: QueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { journal, messages } = MessageJournal.open(options.file);
    this.#journal = journal;
    for (const message of messages)
      this.#messages.set(message.id, { ...message, inFlight: false, visibleAtMs: this.#clock.nowMs() });
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

  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#pump();
  }

  /** The message is on disk when this returns. */
  send(body: string): void {
    const sentAtMs = this.#clock.nowMs();
    const message = {
      id: randomUUID(),
      body,
      sentAtMs,
      receiveCount: 0,
      firstReceivedAtMs: undefined,
      dead: false,
    };
    this.#journal.append({ op: 'send', ...message });
    this.#messages.set(message.id, { ...message, inFlight: false, visibleAtMs: sentAtMs });
    this.#pump();
  }

  /** Puts all dead letters back, as if they had never been tried. */
  redrive(): void {
    for (const message of this.#messages.values()) {
      if (!message.dead) continue;
      this.#journal.append({ op: 'redrive', id: message.id });
      Object.assign(message, { dead: false, receiveCount: 0, visibleAtMs: this.#clock.nowMs() });
    }
    this.#pump();
  }

  /** Settles when no message is pending. */
  async drained(): Promise<void> {
    while (this.pending > 0) await this.#emptied.promise;
  }

  /** Hands out nothing more, and settles when the batches that are out have come back. What is left stays on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    while (this.#batches.size > 0) await Promise.all(this.#batches);
    this.#journal.close();
  }

  /** Hands out what is visible, as far as there are hands; comes back when the next message is. */
  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#closed || this.#deliver === undefined) return;
    while (this.#batches.size < (this.#options.maxBatches ?? 2)) {
      const batch = this.#receive();
      if (batch.length === 0) break;
      const run = this.#hand(batch, this.#deliver).finally(() => {
        this.#batches.delete(run);
        this.#pump();
      });
      this.#batches.add(run);
    }
    const waiting = [...this.#messages.values()].filter((message) => !message.inFlight && !message.dead);
    const nextAtMs = Math.min(...waiting.map((message) => message.visibleAtMs));
    // With all hands full, the next batch that comes back pumps again.
    if (Number.isFinite(nextAtMs) && this.#batches.size < (this.#options.maxBatches ?? 2))
      this.#cancelTimer = this.#clock.after(Math.max(0, nextAtMs - this.#clock.nowMs()), () => this.#pump());
  }

  #receive(): Message[] {
    const nowMs = this.#clock.nowMs();
    const batch: Message[] = [];
    for (const message of this.#messages.values()) {
      if (batch.length === this.#options.batchSize) break;
      if (message.dead || message.inFlight || message.visibleAtMs > nowMs) continue;
      if (message.receiveCount >= this.#options.maxReceiveCount) {
        this.#bury(message);
        continue;
      }
      this.#journal.append({ op: 'receive', id: message.id, atMs: nowMs });
      message.receiveCount += 1;
      message.firstReceivedAtMs ??= nowMs;
      message.inFlight = true;
      message.visibleAtMs = nowMs + this.#options.visibilityTimeoutMs;
      batch.push(message);
    }
    return batch;
  }

  async #hand(batch: readonly Message[], deliver: Deliver): Promise<void> {
    const ids = batch.map((message) => message.id);
    const failed = await deliver({ Records: batch.map((message) => this.#record(message)) }).then(
      (response) => failedMessages(response, ids),
      // The function failed: it has logged why, and every message of the batch comes again.
      () => new Set(ids),
    );
    for (const message of batch) {
      message.inFlight = false;
      if (!failed.has(message.id)) this.#delete(message);
    }
  }

  #delete(message: Message): void {
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

  #record(message: Message): SQSRecord {
    return {
      messageId: message.id,
      receiptHandle: randomUUID(),
      body: message.body,
      attributes: {
        ApproximateReceiveCount: String(message.receiveCount),
        SentTimestamp: String(message.sentAtMs),
        SenderId: 'AIDAIT2UOQQY3AUEKVGXU',
        ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(message.body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: this.arn,
      awsRegion: this.#options.region,
    };
  }
}
