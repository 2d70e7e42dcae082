import { MediaError } from '../types.ts';

/** A tag of FLV (Adobe's Video File Format Specification 10.1, E.4). */
export interface FlvTag {
  readonly kind: 'audio' | 'video' | 'data';
  readonly timeMs: number;
  /** The whole tag, with the size that follows it. */
  readonly bytes: Buffer;
  /** How its samples are coded: the codec, and what else a decoder must know beforehand. */
  readonly coding: string;
  /** The codec's configuration, and no sample. */
  readonly isConfiguration: boolean;
  /** Decoding can begin here. */
  readonly isKeyframe: boolean;
}

const HEADER_BYTES = 9;
const HEADER_MAX_BYTES = 1_024;
const SIZE_BYTES = 4;
const TAG_HEADER_BYTES = 11;
const AUDIO = 8;
const VIDEO = 9;
const AAC = 10;
const EX_AUDIO = 9;
const AVC = 7;
const HEVC_OF_OLD = 12;
const KEYFRAME = 1;
const COMMAND = 5;
/** Enhanced RTMP (v2): packets that hold no sample. */
const EX_SEQUENCE_START = 0;
const EX_SEQUENCE_END = 2;
const EX_METADATA = 4;

/** Reads tags out of a stream, in chunks of any size. */
export class FlvTagReader {
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** With less nothing more can be read: a large tag comes in many chunks. */
  #neededBytes = HEADER_BYTES;
  #header: Buffer | undefined;

  /** The file's header, with the size that follows it; undefined while it has not come. */
  get header(): Buffer | undefined {
    return this.#header;
  }

  /** Bytes of a tag that has not come to its end. */
  get rest(): Buffer {
    return Buffer.concat(this.#rest);
  }

  /** @returns tags that are views of memory that is not used again. @throws MediaError it is no FLV */
  push(chunk: Buffer): FlvTag[] {
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    if (this.#restBytes < this.#neededBytes) return [];
    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    let at = this.#header === undefined ? this.#readHeader(bytes) : 0;
    const tags: FlvTag[] = [];
    while (this.#header !== undefined) {
      this.#neededBytes = TAG_HEADER_BYTES;
      if (at + TAG_HEADER_BYTES > bytes.length) break;
      this.#neededBytes += bytes.readUIntBE(at + 1, 3) + SIZE_BYTES;
      if (at + this.#neededBytes > bytes.length) break;
      tags.push(tagOf(bytes.subarray(at, at + this.#neededBytes)));
      at += this.#neededBytes;
    }
    this.#rest = [bytes.subarray(at)];
    this.#restBytes = bytes.length - at;
    return tags;
  }

  #readHeader(bytes: Buffer): number {
    const end = bytes.readUInt32BE(5) + SIZE_BYTES;
    if (bytes.toString('latin1', 0, 3) !== 'FLV' || end > HEADER_MAX_BYTES)
      throw new MediaError('it is no FLV');
    this.#neededBytes = end;
    if (bytes.length < end) return 0;
    this.#header = bytes.subarray(0, end);
    return end;
  }
}

function tagOf(bytes: Buffer): FlvTag {
  const type = (bytes[0] ?? 0) & 31;
  const timeMs = bytes.readUIntBE(4, 3) + (bytes[7] ?? 0) * 2 ** 24;
  const body = bytes.subarray(TAG_HEADER_BYTES, bytes.length - SIZE_BYTES);
  const said = type === VIDEO ? videoOf(body) : type === AUDIO ? audioOf(body) : DATA;
  return { timeMs, bytes, ...said };
}

type Said = Omit<FlvTag, 'timeMs' | 'bytes'>;

const DATA: Said = { kind: 'data', coding: '', isConfiguration: false, isKeyframe: false };

function videoOf(body: Buffer): Said {
  const [first = 0, second = 0] = body;
  // Empty ones keep a stream's time going; commands ask a player for something.
  if (body.length < 2) return DATA;
  const frameType = (first >> 4) & 7;
  const isKeyframe = frameType === KEYFRAME;
  if (first >= 0x80) return enhanced('video', body, first & 15, isKeyframe);
  const codec = first & 15;
  if (frameType === COMMAND) return DATA;
  const isConfiguration = (codec === AVC || codec === HEVC_OF_OLD) && second !== 1;
  return { kind: 'video', coding: String(codec), isConfiguration, isKeyframe };
}

function audioOf(body: Buffer): Said {
  const [first = 0, second = 0] = body;
  if (body.length < 2) return DATA;
  const codec = first >> 4;
  if (codec === EX_AUDIO) return enhanced('audio', body, first & 15, false);
  // Of AAC rate and channels are in its configuration.
  const coding = codec === AAC ? String(codec) : `${codec} ${first & 15}`;
  return { kind: 'audio', coding, isConfiguration: codec === AAC && second === 0, isKeyframe: false };
}

function enhanced(kind: 'audio' | 'video', body: Buffer, packet: number, isKeyframe: boolean): Said {
  if (packet === EX_SEQUENCE_END || packet === EX_METADATA) return DATA;
  const isConfiguration = packet === EX_SEQUENCE_START;
  return { kind, coding: body.toString('latin1', 1, 5), isConfiguration, isKeyframe };
}
