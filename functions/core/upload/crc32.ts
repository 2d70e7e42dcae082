/**
 * CRC-32 (zlib's and S3's) of two pieces put together, from the CRCs of both: the full-object checksum of a multipart
 * upload without reading any part again. After zlib's crc32_combine: a zero byte appended is a linear map over GF(2).
 */
const POLYNOMIAL = 0xedb8_8320;

type Matrix = readonly number[];

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let row = 0, rest = vector; rest !== 0; row++, rest >>>= 1) if (rest & 1) sum ^= matrix[row] ?? 0;
  return sum >>> 0;
}

const square = (matrix: Matrix): Matrix => matrix.map((column) => times(matrix, column));

/** What one zero bit appended does. */
const ZERO_BIT: Matrix = Array.from({ length: 32 }, (_, row) => (row === 0 ? POLYNOMIAL : 2 ** (row - 1)));

/** At index n: what 2^n zero bytes appended do; made when needed. */
const zeroBytes: Matrix[] = [square(square(square(ZERO_BIT)))];

function zeroBytesMatrix(power: number): Matrix {
  for (let n = zeroBytes.length; n <= power; n++) zeroBytes[n] = square(zeroBytes[n - 1] as Matrix);
  return zeroBytes[power] as Matrix;
}

/** @param secondBytes length of the second piece */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let crc = first;
  let power = 0;
  for (let rest = secondBytes; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) crc = times(zeroBytesMatrix(power), crc);
  }
  return (crc ^ second) >>> 0;
}

/** As S3 writes it: big-endian, in base64. */
export function crc32ToBase64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

export function crc32FromBase64(text: string): number {
  return Buffer.from(text, 'base64').readUInt32BE(0);
}
