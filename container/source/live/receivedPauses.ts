/** Shorter ones are no gaps. */
const KEPT_MIN_MS = 500;
/** What has come is read by then; RTMP is read three or four times a second. */
const READ_WITHIN_MS = 400;
/** More than come within what ffmpeg takes to give what it was given. */
const KEPT = 16;

/**
 * For how long no sample of a stream came. What ffmpeg, or the recorder, took until they read what had come is none of it:
 * what was not waited for long may have come at any time since nobody read.
 */
export class ReceivedPauses {
  #lastAtMs: number | undefined;
  #waitedMs = 0;
  #longestWaitMs = 0;
  #pauses: readonly { readonly ms: number; readonly endedAtMs: number }[] = [];

  /** Something was waited for. */
  wait(ms: number): void {
    this.#waitedMs += ms;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, ms);
  }

  /** A sample has come. */
  end(nowMs: number): void {
    const isSince = this.#longestWaitMs > READ_WITHIN_MS;
    const ms = isSince ? nowMs - (this.#lastAtMs ?? nowMs) : this.#waitedMs;
    if (ms >= KEPT_MIN_MS) this.#pauses = [{ ms, endedAtMs: nowMs }, ...this.#pauses].slice(0, KEPT);
    this.#lastAtMs = nowMs;
    this.#longestWaitMs = 0;
    this.#waitedMs = 0;
  }

  /** @returns the longest one that has ended since then, in ms; 0: there was none to speak of */
  longestMs(sinceMs: number): number {
    return Math.max(0, ...this.#pauses.filter(({ endedAtMs }) => endedAtMs >= sinceMs).map(({ ms }) => ms));
  }
}
