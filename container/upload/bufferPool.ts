/** One is filled while another is on its way: of ten recordings seldom more than two at the same moment. */
const FREE_MAX = 2;

/**
 * Large buffers that are used again, by all recordings of a process. A fresh one for each S3 part would stay in memory until
 * a full garbage collection finds it, and make V8 collect often: that was a third of the recorder's CPU. A pool for each
 * recording would keep the one that is needed while an S3 part is on its way, which others can use most of the time.
 */
export class BufferPool {
  #free: Buffer[] = [];
  #users = 0;

  /** Somebody records. */
  open(): void {
    this.#users += 1;
  }

  /** Its content is whatever was there before. */
  take(bytes: number): Buffer {
    const at = this.#free.findLastIndex(({ length }) => length === bytes);
    return this.#free.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#trim();
  }

  /** Somebody records no more. After the last one all goes back to the system, and what is given back from then on. */
  close(): void {
    this.#users -= 1;
    this.#trim();
  }

  #trim(): void {
    const max = this.#users === 0 ? 0 : FREE_MAX;
    // The oldest first: it may have a size that nobody takes any more.
    while (this.#free.length > max) release(this.#free.shift() as Buffer);
  }
}

/** The memory itself is given back with the transfer, not when a garbage collection comes. */
function release(buffer: Buffer): void {
  (buffer.buffer as ArrayBuffer).transfer(0);
}
