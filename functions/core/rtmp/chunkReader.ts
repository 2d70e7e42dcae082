import { RtmpError } from './errors.ts';
import { CHUNK_BYTES_AT_FIRST, EXTENDED_TIME, KIND, type RtmpMessage } from './messages.ts';

/** Of the message header, by the two bits in front of a chunk. */
const HEADER_BYTES = [11, 7, 3, 0] as const;
const REPEATED = 3;
/** Servers have fewer than ten. */
const CHUNK_STREAMS_MAX = 1_024;
/** A message has less than 16 MiB; a publisher's pictures and sound are two at a time. */
const MEMORY_MAX_BYTES = 48 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/** Messages are cut into chunks, and those of several chunk streams are sent in turns. */
interface ChunkStream {
  kind: number;
  streamId: number;
  atMs: number;
  /** Of the message. */
  bytes: number;
  /** Of its bytes so many have come. */
  filled: number;
  /** As its last header had it: what is added to the time with each message that has none. */
  step: number;
  isExtended: boolean;
  /** For messages that come in pieces, used again. */
  memory: Buffer;
}

/** Puts chunks together to messages (Adobe's RTMP 1.0, 5.3), and keeps to what is said of chunks. */
export class ChunkReader {
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = CHUNK_BYTES_AT_FIRST;
  #memoryBytes = 0;
  /** The beginning of a chunk, as long as it does not say all that it is to say. */
  #rest: Buffer = EMPTY;
  /** Of which a chunk is being read. */
  #present: ChunkStream | undefined;
  /** So much of it is still to come. */
  #left = 0;

  /**
   * @param bytes the next ones, in chunks of any size
   * @returns messages, whose bodies are valid until the next one is asked for
   * @throws RtmpError
   */
  *read(bytes: Buffer): Generator<RtmpMessage, void, undefined> {
    const input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = EMPTY;
    let at = 0;
    for (;;) {
      if (this.#present === undefined) {
        const headerBytes = this.#begin(input, at);
        if (headerBytes === undefined) {
          this.#rest = Buffer.from(input.subarray(at));
          return;
        }
        at += headerBytes;
      }
      const stream = this.#present as ChunkStream;
      const taken = Math.min(this.#left, input.length - at);
      const piece = input.subarray(at, at + taken);
      at += taken;
      this.#left -= taken;
      const isWhole = taken === stream.bytes;
      if (!isWhole) this.#keep(stream, piece);
      if (this.#left > 0) return;
      this.#present = undefined;
      if (!isWhole && stream.filled < stream.bytes) continue;
      const body = isWhole ? piece : stream.memory.subarray(0, stream.bytes);
      stream.filled = 0;
      if (stream.kind === KIND.setChunkSize) this.#setChunkSize(body);
      else if (stream.kind === KIND.abort) this.#abort(body);
      else yield { kind: stream.kind, atMs: stream.atMs, streamId: stream.streamId, body };
    }
  }

  /** @returns how long the header of the next chunk is; undefined when it has not come whole */
  #begin(input: Buffer, at: number): number | undefined {
    const first = input[at];
    if (first === undefined) return undefined;
    const format = first >> 6;
    const short = first & 63;
    const basicBytes = short < 2 ? 2 + short : 1;
    const fieldsAt = at + basicBytes;
    const end = fieldsAt + (HEADER_BYTES[format] ?? 0);
    if (input.length < end) return undefined;
    const id = basicBytes === 1 ? short : 64 + input.readUIntLE(at + 1, basicBytes - 1);
    const before = this.#streams.get(id);
    if (before === undefined && format > 1) throw new RtmpError('a chunk refers to one that has not come');
    const field = format === REPEATED ? undefined : input.readUIntBE(fieldsAt, 3);
    const isExtended = field === undefined ? before?.isExtended === true : field === EXTENDED_TIME;
    if (isExtended && input.length < end + 4) return undefined;
    const stream = before ?? this.#add(id);
    const extended = isExtended ? input.readUInt32BE(end) : undefined;
    const isWithin = stream.filled > 0;
    if (isWithin && field === undefined) {
      // Some servers leave it out behind the first chunk, and some have the message's time there.
      const isThere = extended !== undefined && (extended === stream.step || extended === stream.atMs);
      return this.#enter(stream, end + (isThere ? 4 : 0) - at);
    }
    const bytes = format <= 1 ? input.readUIntBE(fieldsAt + 3, 3) : stream.bytes;
    // Others send headers within a message; what has another length is another message.
    if (isWithin && bytes !== stream.bytes) stream.filled = 0;
    if (stream.filled === 0) {
      stream.step = extended ?? field ?? stream.step;
      stream.atMs = format === 0 ? stream.step : (stream.atMs + stream.step) >>> 0;
      stream.isExtended = isExtended;
    }
    stream.bytes = bytes;
    if (format <= 1) stream.kind = input[fieldsAt + 6] ?? 0;
    if (format === 0) stream.streamId = input.readUInt32LE(fieldsAt + 7);
    return this.#enter(stream, end + (isExtended ? 4 : 0) - at);
  }

  #enter(stream: ChunkStream, headerBytes: number): number {
    this.#present = stream;
    this.#left = Math.min(this.#chunkBytes, stream.bytes - stream.filled);
    return headerBytes;
  }

  #add(id: number): ChunkStream {
    if (this.#streams.size >= CHUNK_STREAMS_MAX)
      throw new RtmpError(`there are more than ${CHUNK_STREAMS_MAX} chunk streams`);
    const stream: ChunkStream = {
      ...{ kind: 0, streamId: 0, atMs: 0, bytes: 0, filled: 0, step: 0, isExtended: false },
      memory: EMPTY,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #keep(stream: ChunkStream, piece: Buffer): void {
    if (stream.memory.length < stream.bytes) {
      this.#memoryBytes += stream.bytes - stream.memory.length;
      if (this.#memoryBytes > MEMORY_MAX_BYTES)
        throw new RtmpError(`messages of more than ${MEMORY_MAX_BYTES} bytes were begun, and not ended`);
      const memory = Buffer.allocUnsafeSlow(stream.bytes);
      stream.memory.copy(memory, 0, 0, stream.filled);
      stream.memory = memory;
    }
    stream.filled += piece.copy(stream.memory, stream.filled);
  }

  #setChunkSize(body: Buffer): void {
    const bytes = body.length < 4 ? 0 : body.readUInt32BE(0) & 0x7fffffff;
    if (bytes === 0) throw new RtmpError('chunks are to have no bytes');
    this.#chunkBytes = bytes;
  }

  #abort(body: Buffer): void {
    const stream = body.length < 4 ? undefined : this.#streams.get(body.readUInt32BE(0));
    if (stream !== undefined) stream.filled = 0;
  }
}
