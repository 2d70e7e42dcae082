import {
  CHUNK_BYTES_AT_FIRST,
  EXTENDED_TIME,
  KIND,
  type RtmpMessage,
} from '../../functions/core/rtmp/messages.ts';

/** A message, and how its server sends it. */
export interface SentMessage {
  readonly message: RtmpMessage;
  readonly chunkStream: number;
  /** The shortest header that says enough: some servers use it, and some never. */
  readonly isShort: boolean;
}

interface Sender {
  last: RtmpMessage | undefined;
  /** As the last header had it. */
  step: number;
}

/** Sends messages as servers do: in chunks, those of several chunk streams in turns, with headers of each kind. */
export class ChunkSender {
  readonly #senders = new Map<number, Sender>();
  #chunkBytes = CHUNK_BYTES_AT_FIRST;
  readonly #repeatsTime: boolean;

  /** @param repeatsTime a time of four bytes is said in each chunk of its message, as the specification has it */
  constructor(repeatsTime = true) {
    this.#repeatsTime = repeatsTime;
  }

  setChunkSize(bytes: number): Buffer {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(bytes);
    const message = { kind: KIND.setChunkSize, atMs: 0, streamId: 0, body };
    const said = this.chunks({ message, chunkStream: 2, isShort: false });
    this.#chunkBytes = bytes;
    return Buffer.concat(said);
  }

  /** Each of messages on chunk streams of their own, a chunk of each in turns. */
  inTurns(messages: readonly SentMessage[]): Buffer {
    const all = messages.map((sent) => this.chunks(sent));
    const most = Math.max(...all.map((chunks) => chunks.length));
    const turns = Array.from({ length: most }, (_, turn) => all.flatMap((chunks) => chunks[turn] ?? []));
    return Buffer.concat(turns.flat());
  }

  chunks({ message, chunkStream, isShort }: SentMessage): Buffer[] {
    const { body } = message;
    const { header, time } = this.#header(message, chunkStream, isShort);
    const first = body.subarray(0, this.#chunkBytes);
    const chunks = [Buffer.concat([header, time, first])];
    const repeated = this.#repeatsTime ? time : Buffer.alloc(0);
    for (let at = this.#chunkBytes; at < body.length; at += this.#chunkBytes)
      chunks.push(Buffer.concat([basic(3, chunkStream), repeated, body.subarray(at, at + this.#chunkBytes)]));
    return chunks;
  }

  #header(message: RtmpMessage, chunkStream: number, isShort: boolean): { header: Buffer; time: Buffer } {
    const sender = this.#senders.get(chunkStream) ?? { last: undefined, step: 0 };
    this.#senders.set(chunkStream, sender);
    const { last } = sender;
    sender.last = message;
    const format = isShort && last !== undefined ? formatAfter(last, sender.step, message) : 0;
    const said = format === 0 ? message.atMs : (message.atMs - (last?.atMs ?? 0)) >>> 0;
    if (format !== 3) sender.step = said;
    const fields = Buffer.alloc([11, 7, 3, 0][format] ?? 0);
    if (format < 3) fields.writeUIntBE(Math.min(said, EXTENDED_TIME), 0, 3);
    if (format < 2) {
      fields.writeUIntBE(message.body.length, 3, 3);
      fields[6] = message.kind;
    }
    if (format === 0) fields.writeUInt32LE(message.streamId, 7);
    const time = Buffer.alloc(sender.step >= EXTENDED_TIME ? 4 : 0);
    if (time.length > 0) time.writeUInt32BE(sender.step);
    return { header: Buffer.concat([basic(format, chunkStream), fields]), time };
  }
}

function formatAfter(last: RtmpMessage, step: number, message: RtmpMessage): 0 | 1 | 2 | 3 {
  if (last.streamId !== message.streamId) return 0;
  if (last.kind !== message.kind || last.body.length !== message.body.length) return 1;
  return (message.atMs - last.atMs) >>> 0 === step ? 3 : 2;
}

function basic(format: number, chunkStream: number): Buffer {
  if (chunkStream < 64) return Buffer.of((format << 6) | chunkStream);
  const rest = chunkStream - 64;
  return rest < 256 ? Buffer.of(format << 6, rest) : Buffer.of((format << 6) | 1, rest & 255, rest >> 8);
}

/** In pieces that end at some places. @param cuts each from 0 to 1 of its length */
export function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((one, other) => one - other);
  return [...places, bytes.length].map((end, i) => bytes.subarray(places[i - 1] ?? 0, end));
}
