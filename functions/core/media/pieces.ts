import { crc32 } from 'node:zlib';

/** Bytes whose number is known and that are made piece by piece: all at once may be more than memory should hold. */
export interface Pieces {
  readonly bytes: number;
  /** The same ones at every call. Pieces are not to be changed. */
  pieces(): Iterable<Buffer>;
}

/** One after the other. */
export function joined(...contents: readonly (Buffer | Pieces)[]): Pieces {
  return {
    bytes: contents.reduce((sum, content) => sum + bytesOf(content), 0),
    *pieces() {
      for (const content of contents) {
        if (Buffer.isBuffer(content)) yield content;
        else yield* content.pieces();
      }
    },
  };
}

/** The same entries in another form. */
export function mapped(source: Pieces, bytes: number, map: (piece: Buffer) => Buffer): Pieces {
  return {
    bytes,
    *pieces() {
      for (const piece of source.pieces()) yield map(piece);
    },
  };
}

/** @throws RangeError there are more or less than it says: a head of another length would move all that follows */
export function toBuffer(source: Pieces): Buffer {
  const all = Buffer.concat([...source.pieces()]);
  if (all.length !== source.bytes) throw new RangeError(`${all.length} bytes in place of ${source.bytes}`);
  return all;
}

export function crc32Of(source: Pieces): number {
  let crc = 0;
  for (const piece of source.pieces()) crc = crc32(piece, crc);
  return crc;
}

function bytesOf(content: Buffer | Pieces): number {
  return Buffer.isBuffer(content) ? content.length : content.bytes;
}
