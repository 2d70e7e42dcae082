import { crc32 as zlibCrc32 } from 'node:zlib';

/** The cyclic checksums of S3: computed over a stream, and combined from those of consecutive pieces. */

export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

/** Bits, and the generator polynomial with its bits reversed. */
const PARAMETERS: Readonly<Record<CrcAlgorithm, { readonly width: number; readonly polynomial: bigint }>> = {
  CRC32: { width: 32, polynomial: 0xedb88320n },
  CRC32C: { width: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

export interface RunningCrc {
  update(chunk: Uint8Array): void;
  /** Big-endian bytes, as S3 encodes them. */
  digest(): Buffer;
}

export function runningCrc(algorithm: CrcAlgorithm): RunningCrc {
  if (algorithm === 'CRC32') return nativeCrc32();
  return algorithm === 'CRC32C' ? tableCrc32c() : tableCrc64();
}

function nativeCrc32(): RunningCrc {
  let crc = 0;
  return {
    update(chunk) {
      crc = zlibCrc32(chunk, crc);
    },
    digest: () => bigEndian(BigInt(crc), 32),
  };
}

const crc32cTable = byteTable('CRC32C');

function tableCrc32c(): RunningCrc {
  const table = crc32cTable.low;
  let crc = 0xffffffff;
  return {
    update(chunk) {
      let value = crc;
      for (let i = 0; i < chunk.length; i += 1)
        value = (value >>> 8) ^ (table[(value ^ (chunk[i] ?? 0)) & 0xff] ?? 0);
      crc = value;
    },
    digest: () => bigEndian(BigInt(~crc >>> 0), 32),
  };
}

const crc64Table = byteTable('CRC64NVME');

/** In two halves of 32 bits: BigInt would be a hundred times slower. */
function tableCrc64(): RunningCrc {
  const { low: lowTable, high: highTable } = crc64Table;
  let low = 0xffffffff;
  let high = 0xffffffff;
  return {
    update(chunk) {
      let l = low;
      let h = high;
      for (let i = 0; i < chunk.length; i += 1) {
        const index = (l ^ (chunk[i] ?? 0)) & 0xff;
        l = ((l >>> 8) | (h << 24)) ^ (lowTable[index] ?? 0);
        h = (h >>> 8) ^ (highTable[index] ?? 0);
      }
      low = l;
      high = h;
    },
    digest: () => bigEndian((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0), 64),
  };
}

function byteTable(algorithm: CrcAlgorithm): { low: Uint32Array; high: Uint32Array } {
  const { polynomial } = PARAMETERS[algorithm];
  const low = new Uint32Array(256);
  const high = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1)
      value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    low[byte] = Number(value & 0xffffffffn);
    high[byte] = Number(value >> 32n);
  }
  return { low, high };
}

/**
 * The checksum of consecutive pieces from theirs: what comes before a piece is multiplied by x^(8·bytes) modulo the
 * generator polynomial, so nothing is read again.
 */
export function combineCrcs(
  algorithm: CrcAlgorithm,
  pieces: readonly { readonly digest: Buffer; readonly bytes: number }[],
): Buffer {
  const { width } = PARAMETERS[algorithm];
  const powers = new Map<number, bigint>();
  let crc = 0n;
  for (const { digest, bytes } of pieces) {
    let power = powers.get(bytes);
    if (power === undefined) {
      power = powerOfX(algorithm, bytes);
      powers.set(bytes, power);
    }
    crc = multiply(algorithm, power, crc) ^ BigInt(`0x${digest.toString('hex')}`);
  }
  return bigEndian(crc, width);
}

/** x^(8·bytes) modulo the polynomial. */
function powerOfX(algorithm: CrcAlgorithm, bytes: number): bigint {
  const one = 1n << BigInt(PARAMETERS[algorithm].width - 1);
  let square = one >> 1n;
  for (let i = 0; i < 3; i += 1) square = multiply(algorithm, square, square);
  let power = one;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(algorithm, square, power);
    square = multiply(algorithm, square, square);
  }
  return power;
}

/** The product of two polynomials with reversed bits, modulo the generator. */
function multiply(algorithm: CrcAlgorithm, a: bigint, b: bigint): bigint {
  const { width, polynomial } = PARAMETERS[algorithm];
  let product = 0n;
  let shifted = b;
  for (let mask = 1n << BigInt(width - 1); mask > 0n; mask >>= 1n) {
    if ((a & mask) !== 0n) product ^= shifted;
    shifted = (shifted & 1n) === 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

function bigEndian(value: bigint, width: number): Buffer {
  return Buffer.from(value.toString(16).padStart(width / 4, '0'), 'hex');
}
