/** What is given back in one moment, when a fragment has been written, and taken in the second that follows. */
const KEPT_MAX_BYTES = 2 * 1024 * 1024;
/** More at once is for a moment, as of what a server sends first. */
const PIECE_MAX_BYTES = 512 * 1024;
const GROW_BY_BYTES = 64 * 1024;

/** Of memory that was taken: whose it is, and how many are still to give it back. */
const taken = new WeakMap<ArrayBufferLike, { readonly of: SpareMemory; holders: number }>();

/**
 * Memory for what is handed on, used again once all have given it back who have something of it. Nobody has to: what is kept for
 * longer is collected as any other, at the price of a look of V8's through its whole heap now and then.
 */
export class SpareMemory {
  readonly #spare: ArrayBuffer[] = [];
  #bytes = 0;

  /** At least so many bytes; nobody else has them. */
  take(bytes: number): Buffer {
    const place = this.#spare.findIndex(({ byteLength }) => byteLength >= bytes);
    const [spare] = place === -1 ? [] : this.#spare.splice(place, 1);
    this.#bytes -= spare?.byteLength ?? 0;
    const memory = spare ?? new ArrayBuffer(Math.ceil(bytes / GROW_BY_BYTES) * GROW_BY_BYTES);
    taken.set(memory, { of: this, holders: 1 });
    return Buffer.from(memory);
  }

  /**
   * Somebody else has something of what was taken, of any, and gives that back as well.
   * @param bytes any view of it
   * @returns false: it was not taken, and whoever keeps it copies it
   */
  static hold({ buffer }: Buffer): boolean {
    const known = taken.get(buffer);
    if (known !== undefined) known.holders += 1;
    return known !== undefined;
  }

  /** @param bytes any view of what was taken, which is not read any more; what was not taken is left alone */
  static giveBack({ buffer }: Buffer): void {
    const known = taken.get(buffer);
    if (known === undefined || !(buffer instanceof ArrayBuffer)) return;
    known.holders -= 1;
    if (known.holders > 0) return;
    taken.delete(buffer);
    known.of.#keep(buffer);
  }

  #keep(memory: ArrayBuffer): void {
    const { byteLength } = memory;
    if (byteLength > PIECE_MAX_BYTES || this.#bytes + byteLength > KEPT_MAX_BYTES) return;
    this.#bytes += byteLength;
    this.#spare.push(memory);
  }
}
