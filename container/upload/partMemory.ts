import { type BufferPool, SLICE_BYTES } from './bufferPool.ts';

/** Bytes that stay as they are, where they are, until they are let go. */
export interface HeldBytes {
  /** One behind the other. */
  readonly pieces: readonly Buffer[];
  /** To be called once: nobody reads them any more. */
  readonly release: () => void;
}

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

  /** From there on; they stay, whether the rest is given back or not. @throws RangeError they are not all here */
  hold(from: number, bytes: number): HeldBytes {
    const end = from + bytes;
    if (end > this.#bytes) throw new RangeError('bytes are asked of memory that has none');
    const [first, last] = [Math.floor(from / SLICE_BYTES), Math.ceil(end / SLICE_BYTES)];
    const slices = this.#slices.slice(first, last);
    for (const slice of slices) this.#pool.hold(slice);
    const pieces = slices.map((slice, place) => {
      const start = (first + place) * SLICE_BYTES;
      return slice.subarray(Math.max(0, from - start), end - start);
    });
    const release = (): void => {
      for (const slice of slices) this.#pool.give(slice);
    };
    return { pieces, release };
  }

  /** Nobody reads it any more, but for what is held. */
  giveBack(): void {
    for (const slice of this.#slices.splice(0)) this.#pool.give(slice);
    this.#bytes = 0;
  }
}
