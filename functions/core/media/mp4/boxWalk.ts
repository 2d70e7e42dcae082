const HEAD_BYTES = 8;
const LONG_HEAD_BYTES = 16;
const IS_LONG = 1;
/** Letters and digits; QuickTime has a sign of copyright. */
const KIND = /^[A-Za-z0-9 \xa9]{4}$/;

/** Goes from box to box of an MP4, as its bytes come, and looks into none. */
export class BoxWalk {
  /** Of the present box. */
  #left = 0;
  #isOver: boolean = false;
  #endlessAt: number | undefined;

  /** Where in the bytes that were taken last a box began that says no length: all that follows is of it. */
  get endlessAt(): number | undefined {
    return this.#endlessAt;
  }

  /** Something else than a box follows. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isBetweenBoxes(): boolean {
    return this.#left === 0;
  }

  /** Of the present box, what has not come; infinite where it says no length. */
  get leftBytes(): number {
    return this.#left;
  }

  /**
   * @param bytes those that were not taken before, and what has come since
   * @returns how many of them are of boxes; the rest is the beginning of a head, or something else
   */
  take(bytes: Buffer): number {
    let at = 0;
    this.#endlessAt = undefined;
    while (at < bytes.length && !this.#isOver) {
      if (this.#left === 0) {
        const length = boxBytes(bytes.subarray(at, at + LONG_HEAD_BYTES));
        if (length === undefined) break;
        if (length === Number.POSITIVE_INFINITY) this.#endlessAt = at;
        this.#isOver = length < HEAD_BYTES;
        this.#left = this.#isOver ? 0 : length;
      }
      const passed = Math.min(this.#left, bytes.length - at);
      this.#left -= passed;
      at += passed;
    }
    return at;
  }
}

/** @returns undefined: the head is not whole; less than a head's: it is none */
function boxBytes(head: Buffer): number | undefined {
  if (head.length < HEAD_BYTES) return undefined;
  if (!KIND.test(head.toString('latin1', 4, HEAD_BYTES))) return 0;
  const length = head.readUInt32BE(0);
  // A box without a length goes on to the end.
  if (length === 0) return Number.POSITIVE_INFINITY;
  if (length !== IS_LONG) return length;
  return head.length < LONG_HEAD_BYTES ? undefined : Number(head.readBigUInt64BE(HEAD_BYTES));
}
