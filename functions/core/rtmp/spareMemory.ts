/** One is filled, one is on its way. */
const KEPT = 2;
/** More is for a moment, as of what a server sends first. */
const KEPT_MAX_BYTES = 512 * 1024;
const GROW_BY_BYTES = 64 * 1024;

/**
 * Memory for what is handed on, used again once it is given back. Nobody has to: what is kept for longer is collected as
 * any other, at the price of a look of V8's through its whole heap now and then.
 */
export class SpareMemory {
  readonly #spare: ArrayBuffer[] = [];
  readonly #out = new WeakSet<ArrayBufferLike>();

  /** At least so many bytes; nobody else has them. */
  take(bytes: number): Buffer {
    const place = this.#spare.findIndex(({ byteLength }) => byteLength >= bytes);
    const [spare] = place === -1 ? [] : this.#spare.splice(place, 1);
    const memory = spare ?? new ArrayBuffer(Math.ceil(bytes / GROW_BY_BYTES) * GROW_BY_BYTES);
    this.#out.add(memory);
    return Buffer.from(memory);
  }

  /** @param bytes any view of what was taken, of which nobody has another one; what was not taken here is left alone */
  giveBack({ buffer }: Buffer): void {
    if (!(buffer instanceof ArrayBuffer) || !this.#out.delete(buffer)) return;
    if (buffer.byteLength > KEPT_MAX_BYTES) return;
    if (this.#spare.length === KEPT) this.#spare.shift();
    this.#spare.push(buffer);
  }
}
