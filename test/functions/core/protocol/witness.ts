import { attemptsPrefix, endingKey, outcomeKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { claimSchema } from '../../../../functions/core/state/objects.ts';
import type { MemoryStore } from '../../../support/memoryStore.ts';
import type { SeenRecorder, Task } from './modelTask.ts';

/** A recording whose process died so soon may have killed it. */
const SUSPECT_MS = 60_000;

/** Sees what must never happen, whoever dies when. */
export class Witness {
  /** Attempts that were recorded by two tasks, recordings by two at once, or after their end. */
  readonly wrong: string[] = [];
  readonly #claimed = new Set<string>();
  /** Attempts that are to have a task of their own: what they record may have killed a process with others in it. */
  readonly #apart = new Set<string>();
  /** Recordings that were there at a death. */
  readonly #died = new Set<string>();
  readonly #store: MemoryStore;
  readonly #running: ReadonlyMap<Task, SeenRecorder>;

  constructor(store: MemoryStore, running: ReadonlyMap<Task, SeenRecorder>) {
    this.#store = store;
    this.#running = running;
  }

  /** A task claimed its attempt, and nobody may have it but this one. @param records it is not over at once */
  claimed({ recordingId, attempt, host }: Task, records: boolean): void {
    const token = `${recordingId}/${attempt}`;
    // Another recording of the stream is on its way out by then.
    const others = [...this.#running].filter(
      ([task, recorder]) =>
        recorder.isRecording &&
        !recorder.isHandingOver &&
        (task.recordingId === recordingId || !this.#isLeaving(task.recordingId)),
    );
    const hasEnded = this.#hasOne([outcomeKey(recordingId), endingKey(recordingId)]);
    if (host !== undefined && this.#apart.has(token)) this.wrong.push(`${token} on a host`);
    if (this.#claimed.has(token) || (records && (others.length > 0 || hasEnded))) this.wrong.push(token);
    this.#claimed.add(token);
  }

  /** A process died that had it, and had not asked for the next attempt. */
  died({ recordingId, attempt }: Task, atMs: number): void {
    const isSuspect = atMs - this.#begunAtMs(recordingId, atMs) < SUSPECT_MS || this.#died.has(recordingId);
    if (isSuspect) this.#apart.add(`${recordingId}/${attempt + 1}`);
    this.#died.add(recordingId);
  }

  /** A recording is as old as the first of its attempts, whatever ended that one. */
  #begunAtMs(recordingId: string, nowMs: number): number {
    const claims = this.#store
      .keys(attemptsPrefix(recordingId))
      .flatMap((key) => (key.endsWith('/claim.json') ? (this.#store.value(key, claimSchema) ?? []) : []))
      .filter((claim) => claim.void === undefined);
    return Math.min(nowMs, ...claims.map(({ claimedAtMs }) => claimedAtMs));
  }

  /** Its host died before it had said that one of its workers had: when that was nobody knows. */
  untold({ recordingId, attempt }: Task): void {
    this.#apart.delete(`${recordingId}/${attempt + 1}`);
  }

  /** Nothing is recorded of a recording that has ended. */
  opened({ recordingId, attempt }: Task): void {
    if (this.#hasOne([outcomeKey(recordingId)])) this.wrong.push(`part of ${recordingId}/${attempt}`);
  }

  #isLeaving(recordingId: string): boolean {
    return this.#hasOne([stopKey(recordingId), endingKey(recordingId)]);
  }

  #hasOne(keys: readonly string[]): boolean {
    return keys.some((key) => this.#store.objects.has(key));
  }
}
