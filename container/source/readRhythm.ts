/** What comes within so long is read at once. */
const TICK_MS = 250;
/** Heads, and the first frames, are not kept waiting. */
const AT_ONCE_MS = 1_000;
/** Shorter pauses cost more than they save. */
const REST_MIN_MS = 10;

/**
 * When to read next from a live stream, which comes in many tiny pieces: a wake-up costs as much as what is done in it,
 * here and in whoever writes. All that read so wake up together, at multiples of their pause since the process began.
 */
export class ReadRhythm {
  readonly #heldBytes: number;
  #beganAtMs: number | undefined;
  #windowFromMs = 0;
  #windowBytes = 0;
  #bytesPerMs = 0;

  /** @param heldBytes as much may wait to be read */
  constructor(heldBytes: number) {
    this.#heldBytes = heldBytes;
  }

  /** How long to wait before the next read, in ms. @param bytes that were read now. @param nowMs by `performance.now()` */
  restMs(bytes: number, nowMs: number): number {
    if (this.#beganAtMs === undefined) this.#windowFromMs = nowMs;
    this.#beganAtMs ??= nowMs;
    this.#windowBytes += bytes;
    const sinceMs = nowMs - this.#windowFromMs;
    const bytesPerMs = Math.max(this.#bytesPerMs, this.#windowBytes / Math.max(sinceMs, TICK_MS));
    if (sinceMs >= TICK_MS) {
      this.#bytesPerMs = this.#windowBytes / sinceMs;
      this.#windowFromMs = nowMs;
      this.#windowBytes = 0;
    }
    if (nowMs - this.#beganAtMs < AT_ONCE_MS) return 0;
    let pauseMs = TICK_MS;
    while (pauseMs * bytesPerMs > this.#heldBytes) pauseMs /= 2;
    // Timers may be early by a part of a millisecond.
    return pauseMs < REST_MIN_MS ? 0 : pauseMs - ((nowMs + 1) % pauseMs) + 1;
  }
}
