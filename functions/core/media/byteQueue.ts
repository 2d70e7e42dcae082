/** Of sound some seconds. It grows with what comes: ten recordings have three such queues each. */
const FIRST_BYTES = 64 * 1024;

/**
 * Bytes that came in chunks of any size and are taken out in pieces of another. They lie one after the other in memory
 * that is used again: with fresh memory for each piece, collecting that was a third of the recorder's CPU at 20 Mbit/s.
 * So what `peek` and `take` give is valid until the next `push`, and of a chunk that was borrowed until `keep`; whoever keeps
 * it copies it.
 */
export class ByteQueue {
  #own: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Where its bytes lie: in its own memory, or in a chunk that was borrowed. */
  #memory: Buffer = this.#own;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#memory.length) this.#makeRoom(chunk.length);
    this.#end += chunk.copy(this.#memory, this.#end);
  }

  /** As `push`, but for the copy, where nothing is left of the chunk before. `keep` must follow before its memory is used again. */
  borrow(chunk: Buffer): void {
    if (this.length > 0) {
      this.push(chunk);
      return;
    }
    this.#memory = chunk;
    this.#start = 0;
    this.#end = chunk.length;
  }

  /** What is left of a chunk that was borrowed comes into memory of its own. */
  keep(): void {
    if (this.#memory === this.#own) return;
    const left = this.peek(0, this.length);
    this.#memory = this.#own;
    this.#start = 0;
    this.#end = 0;
    this.push(left);
  }

  /** Up to `bytes` bytes from `at` on; shorter where the queue ends. */
  peek(at: number, bytes: number): Buffer {
    const from = Math.min(this.#start + at, this.#end);
    return this.#memory.subarray(from, Math.min(from + bytes, this.#end));
  }

  /** Takes the first `bytes` bytes, which must be there. */
  take(bytes: number): Buffer {
    if (bytes > this.length) throw new RangeError(`${bytes} bytes asked of ${this.length}`);
    const taken = this.peek(0, bytes);
    this.#start += bytes;
    return taken;
  }

  /** At least half of the memory is free after it: what is left is not moved by each push. */
  #makeRoom(bytes: number): void {
    const needed = 2 * (this.length + bytes);
    const memory = needed > this.#memory.length ? Buffer.allocUnsafeSlow(needed) : this.#memory;
    this.#end = this.#memory.copy(memory, 0, this.#start, this.#end);
    this.#start = 0;
    this.#own = memory;
    this.#memory = memory;
  }
}
