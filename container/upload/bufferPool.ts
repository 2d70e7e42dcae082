/**
 * Large buffers that are used again. A fresh one for each S3 part would stay in memory until a full garbage collection
 * finds it, and make V8 collect often: that was a third of the recorder's CPU.
 */
export class BufferPool {
  #free: Buffer[] = [];
  #closed: boolean = false;

  /** Its content is whatever was there before. */
  take(bytes: number): Buffer {
    const free = this.#free.pop();
    if (free?.length === bytes) return free;
    if (free !== undefined) release(free);
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    if (this.#closed) release(buffer);
    else this.#free.push(buffer);
  }

  /** No more are needed: what is free, and what is given back from now on, goes back to the system at once. */
  close(): void {
    this.#closed = true;
    this.#free.forEach(release);
    this.#free = [];
  }
}

/** The memory itself is given back with the transfer, not when a garbage collection comes. */
function release(buffer: Buffer): void {
  (buffer.buffer as ArrayBuffer).transfer(0);
}
