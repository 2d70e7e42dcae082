import type { Readable, Writable } from 'node:stream';

/** Of pictures a frame, of sound a sample of all channels. */
export interface RawUnit {
  readonly bytes: number;
  /** What stands for missing ones: one or more. */
  readonly filler: Buffer;
}

/** Whole units from one process to the next, counted; whoever reads slowly holds up whoever writes. */
export class RawPipe {
  readonly #target: Writable;
  readonly #unit: RawUnit;
  #bytes = 0;

  constructor(target: Writable, unit: RawUnit) {
    this.#target = target;
    this.#unit = unit;
    // Whoever reads has ended; its exit code says why.
    target.on('error', () => undefined);
  }

  /** Whole ones that were written. */
  get units(): number {
    return Math.floor(this.#bytes / this.#unit.bytes);
  }

  /**
   * Hands on what comes, until it ends, or there are so many units in all.
   * @param skipUnits of what comes are there already
   * @throws the target's own error
   */
  async take(source: Readable, untilUnits: number, skipUnits = 0): Promise<void> {
    const untilBytes = untilUnits * this.#unit.bytes;
    let skipBytes = skipUnits * this.#unit.bytes;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const wanted = chunk.subarray(Math.min(skipBytes, chunk.length));
      skipBytes -= chunk.length - wanted.length;
      await this.#write(wanted.subarray(0, untilBytes - this.#bytes));
    }
  }

  /** What is missing of so many in all. @throws the target's own error */
  async fill(untilUnits: number): Promise<void> {
    const { bytes, filler } = this.#unit;
    const untilBytes = untilUnits * bytes;
    while (this.#bytes < untilBytes) {
      const begun = this.#bytes % bytes;
      await this.#write(filler.subarray(begun, begun + untilBytes - this.#bytes));
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#target.end();
  }

  async #write(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    this.#bytes += chunk.length;
    const target = this.#target;
    if (!target.destroyed && !target.write(chunk)) await this.#drained();
    if (target.destroyed) throw target.errored ?? new Error('whoever reads has ended');
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#target.off('drain', settle).off('close', settle);
        resolve();
      };
      this.#target.on('drain', settle).on('close', settle);
    });
  }
}
