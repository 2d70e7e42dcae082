import { PACKET_BYTES } from '../../../functions/core/media/mpegts/packets.ts';

const SYNC = 0x47;
const BOX_HEAD_BYTES = 8;
const LONG_BOX_HEAD_BYTES = 16;
/** What media segments of fragmented MP4 begin with, and its init sections. */
const FIRST_BOXES: ReadonlySet<string> = new Set(['ftyp', 'styp', 'moof', 'sidx', 'emsg', 'prft']);

/**
 * Whether what has come of a segment may be all of it, whatever its server says of its length: packets of a transport stream
 * and boxes of an MP4 say where they end. Of what has neither nobody can tell.
 */
export class Wholeness {
  /** Of the present packet or box. */
  #left = 0;
  /** Of a box, until its length is known; what is neither packets nor boxes has none. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #unit: 'packets' | 'boxes' | undefined;

  /** Takes what comes next. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#head !== undefined) {
      const bytes = Math.min(chunk.length - at, this.#left === 0 ? this.#missing : this.#left);
      if (this.#left > 0) this.#left -= bytes;
      else this.#begin(Buffer.concat([this.#head, chunk.subarray(at, at + bytes)]));
      at += bytes;
    }
  }

  get isWhole(): boolean {
    return this.#left === 0 && (this.#head === undefined || this.#head.length === 0);
  }

  /** So much is read of a head before its length is known. */
  get #missing(): number {
    const head = this.#head ?? Buffer.alloc(0);
    const isLong = head.length >= BOX_HEAD_BYTES && head.readUInt32BE(0) === 1;
    return (isLong ? LONG_BOX_HEAD_BYTES : BOX_HEAD_BYTES) - head.length;
  }

  #begin(head: Buffer): void {
    this.#head = head;
    if (head.length < BOX_HEAD_BYTES) return;
    this.#unit ??= head[0] === SYNC ? 'packets' : isFirstBox(head) ? 'boxes' : undefined;
    if (this.#unit === undefined) {
      this.#head = undefined;
      return;
    }
    if (this.#unit === 'boxes' && head.readUInt32BE(0) === 1 && head.length < LONG_BOX_HEAD_BYTES) return;
    const length = this.#unit === 'packets' ? PACKET_BYTES : boxBytes(head);
    // A box without a length goes on to the end.
    this.#left = length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, length - head.length);
    this.#head = Buffer.alloc(0);
  }
}

const isFirstBox = (head: Buffer): boolean => FIRST_BOXES.has(head.toString('latin1', 4, BOX_HEAD_BYTES));

function boxBytes(head: Buffer): number {
  return head.length < LONG_BOX_HEAD_BYTES
    ? head.readUInt32BE(0)
    : Number(head.readBigUInt64BE(BOX_HEAD_BYTES));
}
