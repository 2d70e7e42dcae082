import { joined, type Pieces, toBuffer } from '../pieces.ts';
import { MediaError } from '../types.ts';

/** ISO base media file format (ISO/IEC 14496-12): boxes of a size, a type and what is inside. */
export interface Box {
  readonly type: string;
  /** The whole box with its header. */
  readonly bytes: Buffer;
  /** What is inside, after the header. */
  readonly body: Buffer;
  /** Where the box begins in the buffer that it was read from. */
  readonly offset: number;
}

export interface BoxHeader {
  readonly type: string;
  readonly headerBytes: number;
  /** Of the whole box. */
  readonly bytes: number;
}

/** Bytes that a header may take: 32-bit size, type, 64-bit size. */
export const BOX_HEADER_MAX_BYTES = 16;

/** Undefined while there are too few bytes to tell. @throws MediaError a size that cannot be */
export function readBoxHeader(bytes: Buffer): BoxHeader | undefined {
  if (bytes.length < 8) return undefined;
  const size = bytes.readUInt32BE(0);
  const type = bytes.toString('latin1', 4, 8);
  if (size === 1) {
    if (bytes.length < BOX_HEADER_MAX_BYTES) return undefined;
    const large = bytes.readBigUInt64BE(8);
    if (large < 16n || large > BigInt(Number.MAX_SAFE_INTEGER)) throw badSize(type, large);
    return { type, headerBytes: 16, bytes: Number(large) };
  }
  // Size 0 (to the end of the file) cannot be told apart from an unfinished box in a stream.
  if (size < 8) throw badSize(type, size);
  return { type, headerBytes: 8, bytes: size };
}

function badSize(type: string, size: number | bigint): MediaError {
  return new MediaError(`box ${JSON.stringify(type)} has an impossible size of ${size} bytes`);
}

/** The boxes that fill `bytes`. @throws MediaError they do not fill it exactly */
export function boxesIn(bytes: Buffer, from = 0): Box[] {
  const boxes: Box[] = [];
  for (let at = from; at < bytes.length; ) {
    const header = readBoxHeader(bytes.subarray(at, at + BOX_HEADER_MAX_BYTES));
    if (header === undefined || at + header.bytes > bytes.length) {
      throw new MediaError(`a box at ${at} leaves the box around it`);
    }
    const whole = bytes.subarray(at, at + header.bytes);
    boxes.push({ type: header.type, bytes: whole, body: whole.subarray(header.headerBytes), offset: at });
    at += header.bytes;
  }
  return boxes;
}

export function findBox(boxes: readonly Box[], type: string): Box | undefined {
  return boxes.find((box) => box.type === type);
}

/** @throws MediaError there is none */
export function needBox(boxes: readonly Box[], type: string): Box {
  const found = findBox(boxes, type);
  if (found === undefined) throw new MediaError(`there is no ${type} box`);
  return found;
}

/** Reads fields one after the other. @throws MediaError past the end */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  skip(bytes: number): this {
    this.#at += bytes;
    return this;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#next(1));
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#next(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#next(4));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#next(4));
  }

  u64(): number {
    return Number(this.#bytes.readBigUInt64BE(this.#next(8)));
  }

  i64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#next(8)));
  }

  #next(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length) throw new MediaError('a box ends in the middle of a field');
    this.#at += bytes;
    return at;
  }
}

/** A box of what may be large. */
export function boxOf(type: string, ...contents: readonly (Buffer | Pieces)[]): Pieces {
  const body = joined(...contents);
  return joined(u32(8 + body.bytes), Buffer.from(type, 'latin1'), body);
}

export function box(type: string, ...contents: readonly Buffer[]): Buffer {
  return toBuffer(boxOf(type, ...contents));
}

/** A full box: version and flags, then contents. */
export function fullBoxOf(
  type: string,
  version: number,
  flags: number,
  ...contents: readonly (Buffer | Pieces)[]
): Pieces {
  return boxOf(type, u32((version << 24) | flags), ...contents);
}

export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...contents: readonly Buffer[]
): Buffer {
  return toBuffer(fullBoxOf(type, version, flags, ...contents));
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * i);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export const U32_MAX = 0xffff_ffff;
