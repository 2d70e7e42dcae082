import { type BufferPool, SLICE_BYTES } from './bufferPool.ts';

/** The bytes of one S3 part in memory, which grows with them: half of a part on average, where it would else be a whole one. */
export class PartMemory {
  readonly #pool: BufferPool;
  readonly #maxBytes: number;
  readonly #slices: Buffer[] = [];
  #bytes = 0;

  constructor(pool: BufferPool, maxBytes: number) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes === this.#maxBytes;
  }

  /** One after the other they are the whole. Valid until they are given back. */
  get pieces(): readonly Buffer[] {
    return this.#slices.map((slice, place) => slice.subarray(0, this.#bytes - place * SLICE_BYTES));
  }

  /** Copies what comes from there on, as far as it fits. @returns how many bytes did */
  append(data: Buffer, from: number): number {
    const end = Math.min(data.length, from + this.#maxBytes - this.#bytes);
    let at = from;
    while (at < end) {
      const filled = this.#bytes % SLICE_BYTES;
      if (filled === 0) this.#slices.push(this.#pool.take());
      const copied = data.copy(this.#slices.at(-1) as Buffer, filled, at, end);
      at += copied;
      this.#bytes += copied;
    }
    return at - from;
  }

  /** As many as the target takes, from there on. @throws RangeError they are not all here */
  copyTo(target: Buffer, from: number): void {
    if (from + target.length > this.#bytes) throw new RangeError('bytes are asked of memory that has none');
    for (let at = 0; at < target.length; ) {
      const place = from + at;
      at += (this.#slices[Math.floor(place / SLICE_BYTES)] as Buffer).copy(target, at, place % SLICE_BYTES);
    }
  }

  /** Nobody reads it any more. */
  giveBack(): void {
    for (const slice of this.#slices.splice(0)) this.#pool.give(slice);
    this.#bytes = 0;
  }
}
