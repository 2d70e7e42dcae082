import { ByteQueue } from '../byteQueue.ts';
import type { Packet, PacketReader } from '../tracks/packet.ts';
import { MediaError } from '../types.ts';
import { NutCursor } from './cursor.ts';
import {
  FLAG,
  type MainHeader,
  type NutStream,
  parseMainHeader,
  parseStreamHeader,
  STARTCODE_FIRST,
} from './header.ts';
import type { PacketTimes, Place } from './packetTimes.ts';
import { readSideData } from './sideData.ts';
import { packetTimes } from './times.ts';

const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');
/** First two bytes of the startcodes that are read. */
const MAIN = 0x4e4d;
const STREAM = 0x4e53;
const SYNCPOINT = 0x4e4b;
const STARTCODE_BYTES = 8;
/** A packet header that announces more than this has a checksum of its own. */
const CHECKED_BYTES = 4096;
/** A frame header, or the beginning of a packet. */
const HEADER_MAX_BYTES = 128;
/** More is damage, not media. */
const FRAME_MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads the NUT that ffmpeg writes to a pipe (`ffmpegArguments.ts`): packets as they are, whatever the codec, with the
 * source's own times, and with the codec's new configuration where it changes in the middle.
 */
export class NutReader implements PacketReader {
  readonly #queue = new ByteQueue();
  /** Of the frame that is being read. */
  readonly #cursor = new NutCursor(Buffer.alloc(0));
  #hasBegun: boolean = false;
  #main: MainHeader | undefined;
  /** By their index: a damaged header may leave holes. */
  readonly #streams: (StreamState | undefined)[] = [];
  #place: Place = { seconds: 0, periodSeconds: Number.POSITIVE_INFINITY };

  get danglingBytes(): number {
    return this.#queue.length;
  }

  /** Undefined until its header has been read. */
  stream(index: number): NutStream | undefined {
    return this.#streams[index]?.stream;
  }

  /** @throws MediaError the bytes are not NUT */
  push(chunk: Buffer): Packet[] {
    this.#queue.borrow(chunk);
    const packets: Packet[] = [];
    while (this.#step(packets));
    this.#queue.keep();
    return packets;
  }

  #step(packets: Packet[]): boolean {
    if (this.#queue.length === 0) return false;
    if (!this.#hasBegun) {
      if (this.#queue.length < FILE_ID.length) return false;
      if (!this.#queue.take(FILE_ID.length).equals(FILE_ID)) throw new MediaError('this is not NUT');
      this.#hasBegun = true;
      return true;
    }
    const head = this.#queue.peek(0, HEADER_MAX_BYTES);
    return head[0] === STARTCODE_FIRST ? this.#stepHeader(head) : this.#stepFrame(head, packets);
  }

  /** A header, or something that is not needed here: an index, metadata. */
  #stepHeader(head: Buffer): boolean {
    const cursor = new NutCursor(head, STARTCODE_BYTES);
    const bytes = cursor.v();
    if (bytes > CHECKED_BYTES) cursor.take(4);
    if (cursor.isShort) return false;
    checkSize(bytes);
    const end = cursor.at + bytes;
    if (this.#queue.length < end) return false;
    const startcode = head.readUInt16BE(0);
    const fields = new NutCursor(this.#queue.take(end), cursor.at);
    if (startcode === MAIN) this.#main ??= parseMainHeader(fields);
    if (startcode === STREAM) {
      if (this.#main === undefined) throw new MediaError('a stream header comes before the main one');
      const { index, stream } = parseStreamHeader(fields, this.#main);
      if (index >= this.#main.streams) throw new MediaError('there is a stream too many');
      // ffmpeg repeats its headers now and then.
      const timeMask = (1n << BigInt(stream.timeBits)) - 1n;
      this.#streams[index] ??= { stream, times: packetTimes(stream), timeMask, packed: 0n };
    }
    if (startcode === SYNCPOINT && this.#main !== undefined) this.#beginTimes(fields.large(), this.#main);
    return true;
  }

  /** @param time and base in one number: all streams' times are counted from there */
  #beginTimes(time: bigint, { timeBases }: MainHeader): void {
    const count = BigInt(timeBases.length);
    const base = timeBases[Number(time % count)];
    if (base === undefined) throw new MediaError('there are no units of time');
    for (const state of this.#streams) {
      if (state === undefined) continue;
      const { numerator, denominator } = state.stream.timeBase;
      const units = (time / count) * BigInt(base.numerator) * BigInt(denominator);
      state.packed = units / (BigInt(base.denominator) * BigInt(numerator));
    }
  }

  #stepFrame(head: Buffer, packets: Packet[]): boolean {
    if (this.#main === undefined) throw new MediaError('a frame comes before the header');
    const cursor = this.#cursor.begin(head);
    const code = this.#main.codes[cursor.byte()];
    if (code === undefined || (code.flags & FLAG.invalid) !== 0) throw new MediaError('a frame has no code');
    const flags = (code.flags & FLAG.coded) === 0 ? code.flags : code.flags ^ cursor.v();
    const index = (flags & FLAG.streamId) === 0 ? code.stream : cursor.v();
    const coded = (flags & FLAG.codedPts) === 0 ? undefined : cursor.large();
    const size = code.sizeRest + ((flags & FLAG.sizeHigh) === 0 ? 0 : code.sizeFactor * cursor.v());
    if ((flags & FLAG.matchTime) !== 0) cursor.s();
    const prefixIndex = (flags & FLAG.prefix) === 0 ? code.prefix : cursor.v();
    const reserved = (flags & FLAG.reserved) === 0 ? code.reserved : cursor.v();
    for (let left = reserved; left > 0 && !cursor.isShort; left--) cursor.v();
    if ((flags & FLAG.checksum) !== 0) cursor.take(4);
    if (cursor.isShort) return this.#isTooLong(head);
    checkSize(size);
    const prefix = this.#main.prefixes[size > CHECKED_BYTES ? 0 : prefixIndex];
    const state = this.#streams[index];
    if (prefix === undefined || state === undefined || size < prefix.length)
      throw new MediaError('a frame says what cannot be');
    const bytes = size - prefix.length;
    if (this.#queue.length < cursor.at + bytes) return false;
    const frame = this.#queue.take(cursor.at + bytes);
    const side = (flags & FLAG.sideData) === 0 ? NO_SIDE : readSideData(frame.subarray(cursor.at));
    const data = frame.subarray(cursor.at + side.at);
    state.packed = unpacked(state, coded, code.ptsDelta);
    const { dts, offset } = state.times.next(state.packed, this.#place);
    const { seconds, periodSeconds } = state.times.place;
    this.#place = { seconds, periodSeconds: Math.min(this.#place.periodSeconds, periodSeconds) };
    packets.push({
      stream: index,
      dts,
      offset,
      keyframe: (flags & FLAG.key) !== 0,
      data: prefix.length === 0 ? data : Buffer.concat([prefix, data]),
      extradata: side.extradata,
    });
    return true;
  }

  /** A frame header ends within what was looked at. */
  #isTooLong(head: Buffer): false {
    if (head.length === HEADER_MAX_BYTES) throw new MediaError('a frame header has no end');
    return false;
  }
}

const NO_SIDE = { extradata: undefined, at: 0 } as const;

interface StreamState {
  readonly stream: NutStream;
  readonly times: PacketTimes;
  /** Of what is written of a time that goes on. */
  readonly timeMask: bigint;
  /** Time of the last frame, as NUT has it. */
  packed: bigint;
}

/** Most of a time that goes on is left out. @param coded undefined where it is `delta` later than the one before */
function unpacked({ timeMask: mask, packed }: StreamState, coded: bigint | undefined, delta: number): bigint {
  if (coded === undefined) return packed + BigInt(delta);
  if (coded > mask) return coded - mask - 1n;
  const from = packed - (mask >> 1n);
  return ((coded - from) & mask) + from;
}

function checkSize(bytes: number): void {
  if (bytes > FRAME_MAX_BYTES) throw new MediaError(`a frame claims ${bytes} bytes`);
}
