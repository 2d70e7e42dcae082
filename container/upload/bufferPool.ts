/**
 * Buffers of one size that are used again. A fresh one for each S3 part stays in memory until a full garbage collection
 * finds it, and makes V8 collect often: for a recorder that was a third of its CPU.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];

  /** Its content is whatever was there before. */
  take(bytes: number): Buffer {
    const free = this.#free.pop();
    return free?.length === bytes ? free : Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
