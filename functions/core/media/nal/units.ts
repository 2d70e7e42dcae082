import { ifReadable } from '../ifReadable.ts';
import { MediaError } from '../types.ts';

/**
 * The NAL units of a sample, each behind its length as MP4 and Matroska have them. Views, no copies.
 * @throws MediaError a unit leaves the sample
 */
export function* unitsIn(sample: Buffer, lengthBytes: number): Generator<Buffer> {
  for (let at = 0; at < sample.length; ) {
    if (at + lengthBytes > sample.length) throw new MediaError('a sample ends in the length of a NAL unit');
    const from = at + lengthBytes;
    const end = from + sample.readUIntBE(at, lengthBytes);
    if (end > sample.length) throw new MediaError('a NAL unit leaves its sample');
    if (end > from) yield sample.subarray(from, end);
    at = end;
  }
}

/** The same, up to one that leaves the sample: a picture that was damaged on its way is a stream's fault, and not its end. */
export function wholeUnitsIn(sample: Buffer, lengthBytes: number): readonly Buffer[] {
  const units: Buffer[] = [];
  ifReadable(() => {
    for (const unit of unitsIn(sample, lengthBytes)) units.push(unit);
  });
  return units;
}

/** What a NAL unit says, without the bytes that keep start codes out of it (0x03 after two zeros). */
export function payloadOf(unit: Buffer, headerBytes: number): Buffer {
  const payload = Buffer.allocUnsafe(unit.length);
  let length = 0;
  let zeros = 0;
  for (let at = headerBytes; at < unit.length; at++) {
    const byte = unit[at] as number;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    payload[length] = byte;
    length += 1;
  }
  return payload.subarray(0, length);
}

/** The other way round: a NAL unit of a payload. */
export function unitOf(header: Buffer, payload: Buffer): Buffer {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.concat([header, Buffer.from(bytes)]);
}

/** Zeros may follow a unit in a byte stream; they belong to none. */
export function withoutTrailingZeros(unit: Buffer): Buffer {
  let length = unit.length;
  while (length > 0 && unit[length - 1] === 0) length -= 1;
  return unit.subarray(0, length);
}

/** A unit behind its length in two bytes, as configuration records have them. @throws MediaError too long for that */
export function withLength(unit: Buffer): Buffer {
  if (unit.length > 0xffff) throw new MediaError('a parameter set is too long');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(unit.length);
  return Buffer.concat([length, unit]);
}

/** Reads units behind two bytes of length. */
export class UnitReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  u8(): number {
    return this.#take(1)[0] as number;
  }

  u16(): number {
    return this.#take(2).readUInt16BE();
  }

  units(count: number): Buffer[] {
    return Array.from({ length: count }, () => this.#take(this.u16()));
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** @throws MediaError past the end */
  #take(bytes: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + bytes);
    if (taken.length < bytes) throw new MediaError('a configuration record ends in the middle of a field');
    this.#at += bytes;
    return taken;
  }
}

const START_CODE = Buffer.from([0, 0, 1]);

/** The NAL units of a byte stream, which has start codes between them. Views, no copies. */
export function* unitsBetweenStartCodes(bytes: Buffer): Generator<Buffer> {
  let from = bytes.indexOf(START_CODE);
  while (from !== -1) {
    from += START_CODE.length;
    const next = bytes.indexOf(START_CODE, from);
    const unit = withoutTrailingZeros(bytes.subarray(from, next === -1 ? bytes.length : next));
    if (unit.length > 0) yield unit;
    from = next;
  }
}

/** Units as a sample of MP4 and Matroska has them: each behind its length, in four bytes if not said. */
export function sampleOf(units: readonly Buffer[], lengthBytes = 4): Buffer {
  const sample = Buffer.allocUnsafe(units.reduce((sum, unit) => sum + lengthBytes + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    sample.writeUIntBE(unit.length, at, lengthBytes);
    at += lengthBytes + unit.copy(sample, at + lengthBytes);
  }
  return sample;
}
