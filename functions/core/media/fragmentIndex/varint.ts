import { MediaError } from '../types.ts';

/** Numbers of any size in as few bytes as they need: seven bits a byte, the lowest first, as LEB128 has them. */

/** Bytes of the largest number that JavaScript counts exactly. */
const VARINT_MAX_BYTES = 8;
const CUT_OFF = 'the index ends in the middle of a number';

/** Appends a whole number from 0 on. */
export function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

/** Appends a whole number that may be negative: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
export function pushSignedVarint(bytes: number[], value: number): void {
  pushVarint(bytes, value < 0 ? -2 * value - 1 : 2 * value);
}

/** Reads them one after the other. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws MediaError past the end, or more than can be counted */
  unsigned(): number {
    const first = this.#bytes[this.#at];
    // Most have one byte.
    if (first !== undefined && first < 0x80) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let read = 0; read < VARINT_MAX_BYTES; read++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new MediaError(CUT_OFF);
      this.#at += 1;
      value += (byte % 0x80) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new MediaError('a number of the index is too large');
  }

  /** @throws MediaError */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Passes over so many numbers. @throws MediaError past the end */
  skip(count: number): void {
    for (let left = count; left > 0; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new MediaError(CUT_OFF);
      if (byte < 0x80) left -= 1;
    }
  }

  /** @throws MediaError fewer are left */
  bytes(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new MediaError('the index is shorter than it says');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** All that is left. */
  rest(): Buffer {
    return this.bytes(this.#bytes.length - this.#at);
  }
}
