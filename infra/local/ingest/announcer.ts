import { setTimeout as delay } from 'node:timers/promises';

export interface AnnouncerOptions {
  readonly apiUrl: string;
  /** Told when an announcement is given up or tried again; no source URL is in it. */
  readonly onLog: (level: 'INFO' | 'WARN' | 'ERROR', message: string, mediaSessionId: string) => void;
  /** Told before the first word about a stream is sent, and after it is known to be unpublished. */
  readonly onAnnounced: (mediaSessionIds: readonly string[]) => void;
  /** How long to wait after the first, second, … failure; the last one stays. */
  readonly retryDelaysMs?: readonly number[];
}

/** What the registry should say of a stream. */
type Desired =
  | { readonly sourceUrl: string; readonly eventAtMs: number; readonly isToBeRecorded: boolean }
  | 'unpublished';

const RETRY_DELAYS_MS = [200, 500, 1_000, 2_000, 5_000];

/**
 * Tells the registry which streams are published, over the HTTP API, as a media server's hook would. For each stream
 * one request at a time, and only the latest news: what came in between is not told.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #desired = new Map<string, Desired>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #aborted = new AbortController();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** @param isToBeRecorded whether its recording is started, as its publisher asks */
  publish(mediaSessionId: string, sourceUrl: string, { isToBeRecorded = false } = {}): void {
    this.#want(mediaSessionId, { sourceUrl, eventAtMs: Date.now(), isToBeRecorded });
  }

  unpublish(mediaSessionId: string): void {
    this.#want(mediaSessionId, 'unpublished');
  }

  /** Unpublishes all streams, and gives up after that time. */
  async close(timeoutMs: number): Promise<void> {
    for (const [mediaSessionId, desired] of this.#desired)
      if (desired !== 'unpublished') this.unpublish(mediaSessionId);
    const timer = setTimeout(() => this.#aborted.abort(), timeoutMs);
    await Promise.all(this.#running.values());
    clearTimeout(timer);
    this.#aborted.abort();
  }

  #want(mediaSessionId: string, desired: Desired): void {
    if (this.#aborted.signal.aborted) return;
    this.#desired.set(mediaSessionId, desired);
    this.#options.onAnnounced([...this.#desired.keys()]);
    if (this.#running.has(mediaSessionId)) return;
    const running = this.#tellUntilKnown(mediaSessionId).finally(() => {
      this.#running.delete(mediaSessionId);
    });
    this.#running.set(mediaSessionId, running);
  }

  async #tellUntilKnown(mediaSessionId: string): Promise<void> {
    const delaysMs = this.#options.retryDelaysMs ?? RETRY_DELAYS_MS;
    let failures = 0;
    for (;;) {
      const desired = this.#desired.get(mediaSessionId);
      if (desired === undefined || this.#aborted.signal.aborted) return;
      const problem = await this.#send(mediaSessionId, desired);
      if (problem === undefined) {
        if (this.#desired.get(mediaSessionId) !== desired) continue;
        if (desired === 'unpublished') this.#desired.delete(mediaSessionId);
        this.#options.onAnnounced([...this.#desired.keys()]);
        this.#options.onLog(
          'INFO',
          desired === 'unpublished' ? 'stream unpublished' : 'stream published',
          mediaSessionId,
        );
        return;
      }
      const delayMs = delaysMs[Math.min(failures, delaysMs.length - 1)] ?? 0;
      failures += 1;
      this.#options.onLog('WARN', `${problem}; tried again in ${delayMs} ms`, mediaSessionId);
      await delay(delayMs, undefined, { signal: this.#aborted.signal }).catch(() => undefined);
    }
  }

  /** @returns why it should be sent again; undefined when the registry has it, or will never take it */
  async #send(mediaSessionId: string, desired: Desired): Promise<string | undefined> {
    // API Gateway decodes a path twice.
    const place = `/streams/${encodeURIComponent(mediaSessionId.replaceAll('%', '%25'))}`;
    if (desired === 'unpublished') return await this.#ask(mediaSessionId, 'DELETE', place);
    const { isToBeRecorded, ...stream } = desired;
    const problem = await this.#ask(mediaSessionId, 'PUT', place, { name: mediaSessionId, ...stream });
    if (problem !== undefined || !isToBeRecorded) return problem;
    return await this.#ask(mediaSessionId, 'POST', '/recordings', { mediaSessionId });
  }

  /** @returns why it should be asked again; undefined when it is done, or never will be */
  async #ask(
    mediaSessionId: string,
    method: string,
    place: string,
    asked?: object,
  ): Promise<string | undefined> {
    try {
      const answer = await fetch(`${this.#options.apiUrl}${place}`, {
        signal: this.#aborted.signal,
        method,
        ...(asked === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) }),
      });
      const body = await answer.text();
      if (answer.ok) return undefined;
      if (answer.status >= 500) return `the registry answered ${answer.status}`;
      // The stream was never known, or newer news of it is: nothing is left to tell.
      if (answer.status !== 404 && answer.status !== 409)
        this.#options.onLog('ERROR', `the registry refused the stream: ${body}`, mediaSessionId);
      return undefined;
    } catch (error) {
      return `the registry cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
