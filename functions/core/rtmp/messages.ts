/** What is said over a connection (Adobe's RTMP 1.0, 5.4 and 7.1). */
export interface RtmpMessage {
  /** One of `KIND`, or what nobody here knows. */
  readonly kind: number;
  /** Of a counter of 32 bits. */
  readonly atMs: number;
  readonly streamId: number;
  readonly body: Buffer;
}

export const KIND = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  peerBandwidth: 6,
  audio: 8,
  video: 9,
  /** With a byte in front, and then as `data`. */
  data3: 15,
  /** With a byte in front, and then as `command`. */
  command3: 17,
  data: 18,
  command: 20,
  /** Tags of FLV, one behind the other. */
  aggregate: 22,
} as const;

/** What a user control message is of. */
export const CONTROL = { setBufferLength: 3, pingRequest: 6, pingResponse: 7 } as const;

/** Of the protocol itself, commands, and what is said of a stream. */
export const CHUNK_STREAM = { control: 2, command: 3, stream: 8 } as const;

/** Until something else is said. */
export const CHUNK_BYTES_AT_FIRST = 128;
/** A time that has four bytes of its own. */
export const EXTENDED_TIME = 0xffffff;

/** A message as it is sent, in chunks of the size at first, referring to none before it. */
export function chunked(chunkStream: number, { kind, atMs, streamId, body }: RtmpMessage): Buffer {
  const isExtended = atMs >= EXTENDED_TIME;
  const head = Buffer.alloc(12);
  head[0] = chunkStream;
  head.writeUIntBE(isExtended ? EXTENDED_TIME : atMs, 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head[7] = kind;
  head.writeUInt32LE(streamId, 8);
  const time = isExtended ? uint32s(atMs) : Buffer.alloc(0);
  const pieces = [head, time, body.subarray(0, CHUNK_BYTES_AT_FIRST)];
  for (let at = CHUNK_BYTES_AT_FIRST; at < body.length; at += CHUNK_BYTES_AT_FIRST)
    pieces.push(Buffer.of(0xc0 | chunkStream), time, body.subarray(at, at + CHUNK_BYTES_AT_FIRST));
  return Buffer.concat(pieces);
}

/** A control message of the connection's. */
export const control = (kind: number, body: Buffer): Buffer =>
  chunked(CHUNK_STREAM.control, { kind, atMs: 0, streamId: 0, body });

/** Numbers of 32 bits, one behind the other. */
export function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [place, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * place);
  return bytes;
}

export const userControl = (event: number, body: Buffer): Buffer =>
  control(KIND.userControl, Buffer.concat([Buffer.of(event >> 8, event & 255), body]));
