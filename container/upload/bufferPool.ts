/** Of an S3 part: 8 MiB that are filled in a quarter of a minute are not all held from its beginning. */
export const SLICE_BYTES = 512 * 1024;
/** As much as an S3 part: when one has been uploaded others take the next slices soon. */
const FREE_MAX = 16;

/**
 * Slices of memory that are used again, by all recordings of a process. Fresh ones for each S3 part would stay in memory until
 * a full garbage collection finds them, and make V8 collect often: that was a third of the recorder's CPU. A pool for each
 * recording would keep those that are needed while an S3 part is on its way, which others can use most of the time.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];
  #users = 0;

  /** Somebody records. */
  open(): void {
    this.#users += 1;
  }

  /** Its content is whatever was there before. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLICE_BYTES);
  }

  /** Nobody reads or writes it any more. */
  give(slice: Buffer): void {
    this.#free.push(slice);
    this.#trim();
  }

  /** Somebody records no more. After the last one all goes back to the system, and what is given back from then on. */
  close(): void {
    this.#users -= 1;
    this.#trim();
  }

  #trim(): void {
    const max = this.#users === 0 ? 0 : FREE_MAX;
    while (this.#free.length > max) release(this.#free.pop() as Buffer);
  }
}

/** The memory itself is given back with the transfer, not when a garbage collection comes. */
function release(slice: Buffer): void {
  (slice.buffer as ArrayBuffer).transfer(0);
}
