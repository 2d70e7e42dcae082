import { MediaError } from '../types.ts';

/** EBML (RFC 8794): elements of an id, a size and what is inside. Only the ids that are read or written here. */
export const ID = {
  ebml: 0x1a45dfa3,
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  ebmlMaxIdLength: 0x42f2,
  ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  language: 0x22b59c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  contentEncodings: 0x6d80,
  defaultDuration: 0x23e383,
  codecDelay: 0x56aa,
  seekPreRoll: 0x56bb,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  displayWidth: 0x54b0,
  displayHeight: 0x54ba,
  displayUnit: 0x54b2,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  tags: 0x1254c367,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
} as const;

interface ElementHeader {
  readonly id: number;
  readonly headerBytes: number;
  /** Of what is inside; undefined: unknown, to the end of the stream. */
  readonly dataBytes: number | undefined;
}

/** Id of up to 4 bytes, size of up to 8. */
const ELEMENT_HEADER_MAX_BYTES = 12;

/** Undefined while there are too few bytes to tell. @throws MediaError what no element begins with */
function readElementHeader(bytes: Buffer): ElementHeader | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  const idBytes = Math.clz32(first) - 23;
  if (idBytes > 4) throw new MediaError('an element has an impossible id');
  const sizeFirst = bytes[idBytes];
  if (sizeFirst === undefined) return undefined;
  const sizeBytes = Math.clz32(sizeFirst) - 23;
  if (sizeBytes > 8) throw new MediaError('an element has an impossible size');
  if (bytes.length < idBytes + sizeBytes) return undefined;
  const id = bytes.readUIntBE(0, idBytes);
  let size = BigInt(sizeFirst & (0xff >> sizeBytes));
  for (let i = 1; i < sizeBytes; i++) size = (size << 8n) | BigInt(bytes[idBytes + i] as number);
  const unknown = size === (1n << BigInt(7 * sizeBytes)) - 1n;
  if (!unknown && size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new MediaError('an element has an impossible size');
  }
  return { id, headerBytes: idBytes + sizeBytes, dataBytes: unknown ? undefined : Number(size) };
}

export interface Element {
  readonly id: number;
  /** The whole element. */
  readonly bytes: Buffer;
  readonly data: Buffer;
  /** Where the data begin in the buffer that the element was read from. */
  readonly dataAt: number;
}

/** The elements that fill `bytes`. @throws MediaError they do not fill it exactly */
export function elementsIn(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readElementHeader(bytes.subarray(at, at + ELEMENT_HEADER_MAX_BYTES));
    const end = at + (header?.headerBytes ?? 0) + (header?.dataBytes ?? Number.POSITIVE_INFINITY);
    if (header === undefined || end > bytes.length)
      throw new MediaError('an element leaves the one around it');
    const dataAt = at + header.headerBytes;
    elements.push({
      id: header.id,
      bytes: bytes.subarray(at, end),
      data: bytes.subarray(dataAt, end),
      dataAt,
    });
    at = end;
  }
  return elements;
}

export function findElement(elements: readonly Element[], id: number): Element | undefined {
  return elements.find((element) => element.id === id);
}

/** @throws MediaError more than 8 bytes, or a number that JavaScript cannot hold */
export function readUint(data: Buffer): number {
  if (data.length > 8) throw new MediaError('a number has more than 8 bytes');
  const value = data.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > Number.MAX_SAFE_INTEGER) throw new MediaError('a number is too large');
  return value;
}

export function readFloat(data: Buffer): number {
  if (data.length === 8) return data.readDoubleBE();
  return data.length === 4 ? data.readFloatBE() : 0;
}

export function element(id: number, ...pieces: readonly Buffer[]): Buffer {
  const dataBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([elementHeader(id, dataBytes), ...pieces]);
}

/** With the size in 8 bytes, so that its length does not depend on the value. */
export function elementHeader(id: number, dataBytes: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(dataBytes) | (1n << 56n));
  return Buffer.concat([idBytes(id), size]);
}

export function idBytes(id: number): Buffer {
  const length = id > 0xff_ffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(id, 0, length);
  return bytes;
}

/** Always in 8 bytes, so that its length does not depend on the value. */
export function uintElement(id: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(BigInt(value));
  return element(id, data);
}

export function floatElement(id: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleBE(value);
  return element(id, data);
}
