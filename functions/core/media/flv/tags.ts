import type { OtherTrack } from '../live/runCutter.ts';
import { MediaError } from '../types.ts';
import { PlainTags } from './enhanced.ts';
import {
  AAC,
  AUDIO,
  AVC,
  AVC_HEADER_BYTES,
  COMMAND,
  EX_AUDIO,
  EX_HEADER_BYTES,
  EX_VIDEO,
  HEADER_BYTES,
  isHeaderAt,
  PACKET,
  SCRIPT,
  SIZE_BYTES,
  TAG_HEADER_BYTES,
  VIDEO,
} from './tagLayout.ts';

/** A tag of FLV (Adobe's Video File Format Specification 10.1, E.4). */
export interface FlvTag {
  /** `script` is what holds metadata, `other` what a decoder needs nothing of. */
  readonly kind: 'audio' | 'video' | 'script' | 'other';
  readonly timeMs: number;
  /** The whole tag, with the size that follows it. */
  readonly bytes: Buffer;
  /** How its samples are coded: the codec, and what else a decoder must know beforehand. */
  readonly coding: string;
  /** The codec's configuration, and no sample. */
  readonly isConfiguration: boolean;
  /** Decoding can begin here. */
  readonly isKeyframe: boolean;
  /** Decoding needs a configuration that has come before. */
  readonly needsConfiguration: boolean;
}

const HEADER_MAX_BYTES = 1_024;
const KEYFRAME = 1;
const SEQUENCE_END = 2;
const UNIT_LENGTH_BYTES = 4;
/** Of enhanced RTMP: packets that hold no sample. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([
  PACKET.sequenceEnd,
  PACKET.metadata,
  PACKET.transportStart,
]);

/** Reads tags out of a stream, in chunks of any size. */
export class FlvTagReader {
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** With less nothing more can be read: a large tag comes in many chunks. */
  #neededBytes = HEADER_BYTES;
  #header: Buffer | undefined;
  readonly #plain = new PlainTags();

  /** The file's header, with the size that follows it; undefined while it has not come. */
  get header(): Buffer | undefined {
    return this.#header;
  }

  /** Bytes of a tag that has not come to its end. */
  get rest(): Buffer {
    return Buffer.concat(this.#rest);
  }

  /** Tracks of enhanced RTMP whose tags are left out. */
  get otherTracks(): readonly OtherTrack[] {
    return this.#plain.others;
  }

  /**
   * @param chunk is written into, and kept where it does not end with a tag
   * @returns tags, most of them views of it
   * @throws MediaError it is no FLV
   */
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
      if (isHeaderAt(bytes, at)) {
        // A server that sends one file after the other: the first one's header will do.
        this.#neededBytes = headerBytes(bytes, at);
        if (at + this.#neededBytes > bytes.length) break;
        at += this.#neededBytes;
        continue;
      }
      this.#neededBytes += bytes.readUIntBE(at + 1, 3) + SIZE_BYTES;
      if (at + this.#neededBytes > bytes.length) break;
      const tag = this.#tagOf(bytes.subarray(at, at + this.#neededBytes));
      if (tag !== undefined) tags.push(tag);
      at += this.#neededBytes;
    }
    // Where it ends with a tag nothing is kept, and the next chunk is not copied.
    this.#rest = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#restBytes = bytes.length - at;
    return tags;
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.toString('latin1', 0, 3) !== 'FLV') throw new MediaError('it is no FLV');
    const end = headerBytes(bytes, 0);
    this.#neededBytes = end;
    if (bytes.length < end) return 0;
    this.#header = Buffer.from(bytes.subarray(0, end));
    return end;
  }

  /** @param sent is written into */
  #tagOf(sent: Buffer): FlvTag | undefined {
    // Some senders leave it zero, and a demuxer that compares it takes what follows for damaged.
    const bodyEnd = sent.length - SIZE_BYTES;
    sent.writeUInt32BE(bodyEnd, bodyEnd);
    const timeMs = sent.readUIntBE(4, 3) + (sent[7] ?? 0) * 2 ** 24;
    const type = (sent[0] ?? 0) & 31;
    if (type !== VIDEO && type !== AUDIO)
      return { timeMs, bytes: sent, ...OTHER, kind: type === SCRIPT ? 'script' : 'other' };
    const bytes = this.#plain.plain(type === VIDEO ? 'video' : 'audio', sent);
    if (bytes === undefined) return undefined;
    const body = bytes.subarray(TAG_HEADER_BYTES, bytes.length - SIZE_BYTES);
    const said = type === VIDEO ? videoOf(body) : audioOf(body);
    const { kind, coding, isConfiguration, isKeyframe, needsConfiguration } = said;
    // One by one: copied with a spread they were half of what a tag costs.
    return { kind, timeMs, bytes, coding, isConfiguration, isKeyframe, needsConfiguration };
  }
}

/** Of a header, with the size that follows it. @throws MediaError */
function headerBytes(bytes: Buffer, at: number): number {
  const end = bytes.readUInt32BE(at + 5) + SIZE_BYTES;
  if (end > HEADER_MAX_BYTES) throw new MediaError('it is no FLV');
  return end;
}

type Said = Omit<FlvTag, 'timeMs' | 'bytes'>;

const OTHER: Said = {
  kind: 'other',
  coding: '',
  isConfiguration: false,
  isKeyframe: false,
  needsConfiguration: false,
};

function videoOf(body: Buffer): Said {
  const first = body[0] ?? 0;
  const second = body[1] ?? 0;
  // Empty ones keep a stream's time going; commands ask a player for something.
  if (body.length < 2) return OTHER;
  const frameType = (first >> 4) & 7;
  const isKeyframe = frameType === KEYFRAME;
  if (frameType === COMMAND) return OTHER;
  if (first >= EX_VIDEO) return enhanced('video', body, first & 15, isKeyframe);
  const codec = first & 15;
  if (codec === AVC && second === SEQUENCE_END) return OTHER;
  const isConfiguration = codec === AVC && second === 0;
  const needsConfiguration = codec === AVC && !isConfiguration && !hasStartCode(body, AVC_HEADER_BYTES);
  return { kind: 'video', coding: String(codec), isConfiguration, isKeyframe, needsConfiguration };
}

function audioOf(body: Buffer): Said {
  const first = body[0] ?? 0;
  const second = body[1] ?? 0;
  if (body.length < 2) return OTHER;
  const codec = first >> 4;
  if (codec === EX_AUDIO) return enhanced('audio', body, first & 15, false);
  // Of AAC rate and channels are in its configuration.
  const coding = codec === AAC ? String(codec) : `${codec} ${first & 15}`;
  const isConfiguration = codec === AAC && second === 0;
  const needsConfiguration = codec === AAC && !isConfiguration && !isAdts(body);
  return { kind: 'audio', coding, isConfiguration, isKeyframe: false, needsConfiguration };
}

/** Frames that say themselves what they are, which is not as it should be, and is read by demuxers. */
const isAdts = (body: Buffer): boolean => body[2] === 0xff && ((body[3] ?? 0) & 0xf6) === 0xf0;
function hasStartCode(body: Buffer, at: number): boolean {
  const zeros = body[at + 2] === 0 ? 3 : 2;
  const begins = body.length > at + zeros && body.readUIntBE(at, zeros) === 0 && body[at + zeros] === 1;
  // The length of a unit of 256 bytes and more looks like one of three bytes.
  return begins && (zeros === 3 || !areUnits(body, at));
}

/** Whether what follows are units behind their lengths, up to the end. */
function areUnits(body: Buffer, at: number): boolean {
  let end = at;
  while (end + UNIT_LENGTH_BYTES <= body.length) end += UNIT_LENGTH_BYTES + body.readUInt32BE(end);
  return end === body.length;
}

function enhanced(kind: 'audio' | 'video', body: Buffer, packet: number, isKeyframe: boolean): Said {
  if (SAYS_NOTHING.has(packet)) return OTHER;
  const isConfiguration = packet === PACKET.sequenceStart;
  const coding = body.toString('latin1', 1, 5);
  const headerBytes = packet === PACKET.codedFrames ? EX_HEADER_BYTES + 3 : EX_HEADER_BYTES;
  const isBare = coding === 'Opus' || (coding === 'hvc1' && !hasStartCode(body, headerBytes));
  const needsConfiguration = isBare && !isConfiguration;
  return { kind, coding, isConfiguration, isKeyframe, needsConfiguration };
}
