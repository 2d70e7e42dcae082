/** Bytes that came in chunks of any size and are taken out in pieces of another. Copies each byte once, when taken. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #bytes = 0;

  get length(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** A copy of up to `bytes` bytes from `at` on; shorter where the queue ends. */
  peek(at: number, bytes: number): Buffer {
    const pieces: Buffer[] = [];
    let skip = at;
    let wanted = bytes;
    for (const chunk of this.#chunks) {
      if (wanted === 0) break;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const piece = chunk.subarray(skip, skip + wanted);
      pieces.push(piece);
      wanted -= piece.length;
      skip = 0;
    }
    return Buffer.concat(pieces);
  }

  /** Takes the first `bytes` bytes, which must be there. */
  take(bytes: number): Buffer {
    if (bytes > this.#bytes) throw new RangeError(`${bytes} bytes asked of ${this.#bytes}`);
    const pieces: Buffer[] = [];
    let wanted = bytes;
    let used = 0;
    while (wanted > 0) {
      const chunk = this.#chunks[used] as Buffer;
      if (chunk.length <= wanted) {
        pieces.push(chunk);
        used += 1;
      } else {
        pieces.push(chunk.subarray(0, wanted));
        this.#chunks[used] = chunk.subarray(wanted);
      }
      wanted -= Math.min(chunk.length, wanted);
    }
    this.#chunks.splice(0, used);
    this.#bytes -= bytes;
    return Buffer.concat(pieces, bytes);
  }
}
