import type { RecordingSettings } from '../../functions/core/settings/settings.ts';

/** The source sends something else than expected: the second plan is made of what it sends. */
const REPLANS_MAX = 5;
/** ffmpeg needs some time to join whatever source. */
const OPEN_MIN_MS = 1_000;
/** What is joined again within the window is to be recorded: ffmpeg looks at it for three seconds, at RTSP for five. */
const REJOIN_MIN_MS = 6_000;
/** Media servers tell of a stream before they have it: they wait for the answer to their hook, or for the first segment. */
const ANNOUNCED_MS = 5_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 3_000;
/** Between two tries while it may just begin. */
export const BEGINNING_BACKOFF_MS = BACKOFF_FIRST_MS;

/** What is to be done with a source that was lost. */
export interface Loss {
  /** It has been away for as long as the reconnect window allows. */
  readonly isOver: boolean;
  /** Tries that failed already. */
  readonly tries: number;
  readonly backoffMs: number;
}

/**
 * How long a source is waited for: for its first fragment as long as `openTimeoutMs`, after a loss as long as
 * `reconnectWindowMs`, and from anew whenever ffmpeg begins again while the source goes on, or has said what it sends. Pure:
 * all times are handed in.
 */
export class SourcePatience {
  readonly #settings: Pick<RecordingSettings, 'openTimeoutMs' | 'reconnectWindowMs'>;
  readonly #openUntilMs: number;
  #hasBegun: boolean = false;
  /** It has said what it sends. */
  #isThere: boolean = false;
  #lost: { readonly sinceMs: number; tries: number } | undefined;
  /** In a row, without a fragment in between. */
  #replans = 0;

  /** @param nowMs epoch milliseconds, as everywhere here */
  constructor(settings: Pick<RecordingSettings, 'openTimeoutMs' | 'reconnectWindowMs'>, nowMs: number) {
    this.#settings = settings;
    this.#openUntilMs = nowMs + settings.openTimeoutMs;
  }

  /** How long a run of ffmpeg that begins now may take to its first packet. */
  openTimeoutMs(nowMs: number): number {
    const { openTimeoutMs, reconnectWindowMs } = this.#settings;
    const leftMs =
      this.#lost !== undefined
        ? this.#lost.sinceMs + reconnectWindowMs - nowMs
        : this.#hasBegun || this.#isThere
          ? openTimeoutMs
          : this.#openUntilMs - nowMs;
    const leastMs = this.#lost === undefined ? OPEN_MIN_MS : Math.min(REJOIN_MIN_MS, openTimeoutMs);
    return Math.max(leastMs, Math.min(openTimeoutMs, leftMs));
  }

  /** A run of ffmpeg has given at least one fragment. */
  heard(): void {
    this.#hasBegun = true;
    this.#lost = undefined;
    this.#replans = 0;
  }

  /** A source that was not there yet may still come. */
  mayStillOpen(nowMs: number): boolean {
    return !this.#hasBegun && nowMs < this.#openUntilMs;
  }

  /** A server that says that there is no such stream may have it in a moment: this one was asked for as it began. */
  mayJustBegin(requestedAtMs: number, nowMs: number): boolean {
    return this.mayStillOpen(nowMs) && nowMs < requestedAtMs + ANNOUNCED_MS;
  }

  /** It has said what it sends. */
  answered(): void {
    this.#isThere = true;
  }

  /** @returns whether ffmpeg is to begin again with another plan: not when it would without end */
  replan(): boolean {
    this.answered();
    this.#replans += 1;
    return this.#replans <= REPLANS_MAX;
  }

  /** A run has ended, and the source with it. A connection that was cut is often taken again at once. */
  lose(nowMs: number): Loss {
    this.#lost ??= { sinceMs: nowMs, tries: 0 };
    const { sinceMs, tries } = this.#lost;
    this.#lost.tries += 1;
    return {
      isOver: nowMs - sinceMs >= this.#settings.reconnectWindowMs,
      tries,
      backoffMs: tries === 0 ? 0 : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (tries - 1)),
    };
  }
}
