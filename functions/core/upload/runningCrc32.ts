import { crc32 } from 'node:zlib';
import { combineCrc32 } from './crc32.ts';

/**
 * CRC-32 of a file that grows, and of every stretch of it that begins and ends where something was added: each byte is looked at
 * once, however many checksums it is in.
 */
export class RunningCrc32 {
  /** Of the file up to there, by where that is; the least first. */
  readonly #upTo = new Map<number, number>([[0, 0]]);
  #bytes = 0;
  #crc = 0;

  add(bytes: Buffer): void {
    this.#crc = crc32(bytes, this.#crc);
    this.#bytes += bytes.length;
    this.#upTo.set(this.#bytes, this.#crc);
  }

  /** @throws RangeError nothing that was added, and not forgotten, begins or ends there */
  between(from: number, to: number): number {
    const before = this.#upTo.get(from);
    const whole = this.#upTo.get(to);
    if (before === undefined || whole === undefined)
      throw new RangeError(`the checksum from ${from} to ${to} is not known`);
    // Combining is adding: the first piece's share is taken out again as it comes in.
    return combineCrc32(before, whole, to - from);
  }

  /** Nobody asks for what begins before there. */
  forget(before: number): void {
    for (const at of this.#upTo.keys()) {
      if (at >= before) return;
      this.#upTo.delete(at);
    }
  }
}
