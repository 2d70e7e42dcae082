import { PACKET_BYTES } from './packets.ts';

/** Packets with something around them: four bytes of a clock in front (M2TS), or sixteen of error correction behind. */
const LAYOUTS = [
  { bytes: 192, at: 4 },
  { bytes: 204, at: 0 },
] as const;
const SYNC = 0x47;
/** So many packets in a row tell how they lie. */
const LOOKED_AT = 4;
const LONGEST_BYTES = 204;

/** Leaves a transport stream's packets what a demuxer of segments reads: 188 bytes each. What is no such stream stays as it is. */
export class LongPackets {
  #layout: { readonly bytes: number; readonly at: number } | 'none' | undefined;
  #rest: Buffer = Buffer.alloc(0);

  /** Takes the next chunk. @returns what is known of what has come */
  push(chunk: Buffer): Buffer {
    if (this.#layout === 'none') return chunk;
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#layout === undefined && this.#rest.length < LOOKED_AT * LONGEST_BYTES && isOpen(this.#rest))
      return Buffer.alloc(0);
    return this.#told();
  }

  /** Nothing more comes. */
  end(): Buffer {
    return this.#layout === undefined ? this.#told() : Buffer.alloc(0);
  }

  #told(): Buffer {
    this.#layout ??= LAYOUTS.find((layout) => isLaidOut(this.#rest, layout)) ?? 'none';
    const bytes = this.#rest;
    if (this.#layout === 'none') {
      this.#rest = Buffer.alloc(0);
      return bytes;
    }
    const { bytes: step, at } = this.#layout;
    const count = Math.floor(bytes.length / step);
    const packets = Array.from({ length: count }, (_, i) =>
      bytes.subarray(i * step + at, i * step + at + PACKET_BYTES),
    );
    this.#rest = bytes.subarray(count * step);
    return Buffer.concat(packets);
  }
}

/** It may still be such a stream. */
const isOpen = (bytes: Buffer): boolean =>
  LAYOUTS.some(({ bytes: step, at }) => isAt(bytes, at) && isAt(bytes, at + step));

const isAt = (bytes: Buffer, at: number): boolean => at >= bytes.length || bytes[at] === SYNC;

function isLaidOut(bytes: Buffer, { bytes: step, at }: (typeof LAYOUTS)[number]): boolean {
  const count = Math.floor(bytes.length / step);
  if (count < 2 || (bytes[0] === SYNC && bytes[PACKET_BYTES] === SYNC)) return false;
  return Array.from({ length: Math.min(LOOKED_AT, count) }, (_, i) => bytes[i * step + at]).every(
    (byte) => byte === SYNC,
  );
}
