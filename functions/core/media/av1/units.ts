import { MediaError } from '../types.ts';

/** An open bitstream unit. */
export interface Av1Unit {
  readonly type: number;
  /** Of the layer that it is of; 0 where there is one. */
  readonly spatialId: number;
  readonly payload: Buffer;
}

const HAS_EXTENSION = 4;
const HAS_SIZE = 2;
const SIZE_MAX_BYTES = 8;

/**
 * The units of a sample of AV1, in order (AV1 Bitstream & Decoding Process Specification, 5.3). Views, no copies.
 * @throws MediaError a unit leaves the sample
 */
export function* av1UnitsIn(sample: Buffer): Generator<Av1Unit> {
  for (let at = 0; at < sample.length; ) {
    const head = sample[at] ?? 0;
    at += 1;
    let spatialId = 0;
    if ((head & HAS_EXTENSION) !== 0) {
      spatialId = ((sample[at] ?? 0) >> 3) & 3;
      at += 1;
    }
    let end = sample.length;
    if ((head & HAS_SIZE) !== 0) {
      const { value, bytes } = leb128(sample, at);
      at += bytes;
      end = at + value;
    }
    if (end > sample.length) throw new MediaError('a unit of AV1 leaves its sample');
    yield { type: (head >> 3) & 15, spatialId, payload: sample.subarray(at, end) };
    at = end;
  }
}

function leb128(bytes: Buffer, at: number): { readonly value: number; readonly bytes: number } {
  let value = 0;
  for (let i = 0; i < SIZE_MAX_BYTES; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, bytes: i + 1 };
  }
  throw new MediaError('the size of a unit of AV1 is too long');
}
