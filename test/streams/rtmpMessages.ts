/** Messages of RTMP 1.0, each in one chunk, and AMF 0 as far as a server needs both. */

const CHUNK_BYTES_BY_DEFAULT = 128;
const CHUNK_BYTES = 2 ** 24;
const COUNTER_MS = 2 ** 32;
const EXTENDED = 0xffffff;
const SET_CHUNK_SIZE = 1;
const COMMAND = 20;
/** Chunk streams: of control messages, commands and media. */
const CONTROL_CHUNKS = 2;
const COMMAND_CHUNKS = 3;
const MEDIA_CHUNKS = 4;
/** Of the message header, by the two bits in front. */
const HEADER_BYTES = [11, 7, 3, 0] as const;

type Value = string | number | null | Readonly<Record<string, string>>;

/** A message in one chunk that refers to none before it. */
function message(chunkStream: number, kind: number, streamId: number, atMs: number, body: Buffer): Buffer {
  const isExtended = atMs >= EXTENDED;
  const head = Buffer.alloc(12 + (isExtended ? 4 : 0));
  head[0] = chunkStream;
  head.writeUIntBE(isExtended ? EXTENDED : atMs, 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head[7] = kind;
  head.writeUInt32LE(streamId, 8);
  if (isExtended) head.writeUInt32BE(atMs, 12);
  return Buffer.concat([head, body]);
}

/** What a server says before anything else: how large its chunks are. */
export const OPENING = message(CONTROL_CHUNKS, SET_CHUNK_SIZE, 0, 0, uint32(CHUNK_BYTES));

/** @param kind 8 for sound, 9 for pictures: a tag of FLV. @param atMs any: the counter has 32 bits */
export function mediaMessage(streamId: number, kind: number, atMs: number, body: Buffer): Buffer {
  return message(MEDIA_CHUNKS, kind, streamId, ((atMs % COUNTER_MS) + COUNTER_MS) % COUNTER_MS, body);
}

export function commandMessage(streamId: number, ...values: readonly Value[]): Buffer {
  return message(COMMAND_CHUNKS, COMMAND, streamId, 0, Buffer.concat(values.map(encoded)));
}

/** A command's name and transaction number, which are in front. */
export function readCommand(body: Buffer): { readonly name: string; readonly transaction: number } {
  const length = body.readUInt16BE(1);
  return {
    name: body.toString('utf8', 3, 3 + length),
    transaction: body.readDoubleBE(4 + length),
  };
}

function encoded(value: Value): Buffer {
  if (value === null) return Buffer.from([5]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), text(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const fields = Object.entries(value).flatMap(([name, of]) => [text(name), encoded(of)]);
  return Buffer.concat([Buffer.from([3]), ...fields, Buffer.from([0, 0, 9])]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

interface Incoming {
  bytes: number;
  kind: number;
  body: Buffer;
}

/** Puts a player's chunks together to messages, and gives its commands. */
export class CommandReader {
  readonly #incoming = new Map<number, Incoming>();
  #pending: Buffer = Buffer.alloc(0);
  #chunkBytes = CHUNK_BYTES_BY_DEFAULT;

  read(bytes: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const commands: Buffer[] = [];
    for (;;) {
      const done = this.#chunk();
      if (done === undefined) return commands;
      if (done.kind === COMMAND && done.body.length === done.bytes) commands.push(done.body);
    }
  }

  /** The next chunk's message, whole or not; undefined when the chunk has not come yet. */
  #chunk(): Incoming | undefined {
    const bytes = this.#pending;
    const first = bytes[0];
    if (first === undefined) return undefined;
    const headerBytes = HEADER_BYTES[first >> 6] ?? 0;
    if (bytes.length < 1 + headerBytes) return undefined;
    const before = this.#incoming.get(first & 63);
    const isNew = before === undefined || before.body.length === before.bytes;
    const incoming: Incoming = {
      bytes: headerBytes >= 7 ? bytes.readUIntBE(4, 3) : (before?.bytes ?? 0),
      kind: headerBytes >= 7 ? (bytes[7] ?? 0) : (before?.kind ?? 0),
      body: isNew ? Buffer.alloc(0) : before.body,
    };
    const taken = Math.min(this.#chunkBytes, incoming.bytes - incoming.body.length);
    const until = 1 + headerBytes + taken;
    if (bytes.length < until) return undefined;
    incoming.body = Buffer.concat([incoming.body, bytes.subarray(1 + headerBytes, until)]);
    this.#incoming.set(first & 63, incoming);
    this.#pending = bytes.subarray(until);
    const isWhole = incoming.body.length === incoming.bytes;
    if (incoming.kind === SET_CHUNK_SIZE && isWhole) this.#chunkBytes = incoming.body.readUInt32BE(0);
    return incoming;
  }
}
