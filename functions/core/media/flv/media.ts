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

export type MediaKind = 'video' | 'audio';
/** Codecs that are read here, by ffmpeg's names. */
export type FlvCodec = 'h264' | 'hevc' | 'av1' | 'aac' | 'opus';

/** What a tag holds, as far as it is of these codecs. */
export interface FlvMedia {
  readonly kind: MediaKind | 'script' | 'unknown';
  /** Of what is a picture or sound. */
  readonly codec?: FlvCodec;
  /** The codec's configuration, and no sample. */
  readonly isConfiguration: boolean;
  /** When it is decoded. */
  readonly timeMs: number;
  /** How much later it is shown. */
  readonly offsetMs: number;
  /** A view; never empty. */
  readonly payload: Buffer;
}

/** Shown so much later is nothing: ffmpeg (flvdec.c) does not believe it, either. */
const OFFSET_MAX_MS = 15 * 60 * 1_000;
const AAC_HEADER_BYTES = 2;
const OFFSET_BYTES = 3;
const OPUS = 'Opus';
/** Of enhanced RTMP: how each codec's four letters are called here, and whether its pictures say when they are shown. */
const ENHANCED: Readonly<Record<string, { readonly codec: FlvCodec; readonly hasOffset: boolean }>> = {
  hvc1: { codec: 'hevc', hasOffset: true },
  av01: { codec: 'av1', hasOffset: false },
};

/**
 * What whole tags of FLV hold, in order, as a cutter has given them (`FlvCutter`): a file's header may be in front of any of
 * them. What holds nothing is left out, and so is a tag that is cut off.
 */
export function* mediaIn(tags: Buffer): Generator<FlvMedia> {
  for (let at = 0; at + TAG_HEADER_BYTES <= tags.length; ) {
    if (isHeaderAt(tags, at)) {
      at += tags.readUInt32BE(at + HEADER_BYTES - 4) + SIZE_BYTES;
      continue;
    }
    const bodyAt = at + TAG_HEADER_BYTES;
    const end = bodyAt + tags.readUIntBE(at + 1, 3);
    if (end + SIZE_BYTES > tags.length) return;
    const timeMs = tags.readUIntBE(at + 4, 3) + (tags[at + 7] ?? 0) * 2 ** 24;
    const media = mediaOf((tags[at] ?? 0) & 31, timeMs, tags.subarray(bodyAt, end));
    if (media !== undefined && media.payload.length > 0) yield media;
    at = end + SIZE_BYTES;
  }
}

function mediaOf(type: number, timeMs: number, body: Buffer): FlvMedia | undefined {
  if (type === SCRIPT) return { kind: 'script', timeMs, ...UNTIMED, payload: body };
  if (body.length < 2) return undefined;
  if (type === VIDEO) return pictureOf(timeMs, body);
  return type === AUDIO ? soundOf(timeMs, body) : undefined;
}

const UNTIMED = { isConfiguration: false, offsetMs: 0 } as const;

function pictureOf(timeMs: number, body: Buffer): FlvMedia | undefined {
  const first = body[0] ?? 0;
  const packet = body[1] ?? 0;
  if (((first >> 4) & 7) === COMMAND) return undefined;
  if (first >= EX_VIDEO) return enhancedPictureOf(timeMs, first & 15, body);
  if ((first & 15) !== AVC) return { kind: 'unknown', timeMs, ...UNTIMED, payload: body };
  if (packet > 1 || body.length < AVC_HEADER_BYTES) return undefined;
  return {
    kind: 'video',
    codec: 'h264',
    isConfiguration: packet === 0,
    timeMs,
    offsetMs: offsetAt(body, 2),
    payload: body.subarray(AVC_HEADER_BYTES),
  };
}

function offsetAt(body: Buffer, at: number): number {
  const offsetMs = body.readIntBE(at, OFFSET_BYTES);
  return offsetMs > OFFSET_MAX_MS ? 0 : offsetMs;
}

/** As `PlainTags` leaves it: of one track, without modifiers. */
function enhancedPictureOf(timeMs: number, packet: number, body: Buffer): FlvMedia | undefined {
  const coded = ENHANCED[body.toString('latin1', 1, EX_HEADER_BYTES)];
  if (coded === undefined) return { kind: 'unknown', timeMs, ...UNTIMED, payload: body };
  const isConfiguration = packet === PACKET.sequenceStart;
  const hasOffset = packet === PACKET.codedFrames && coded.hasOffset;
  if (!isConfiguration && packet !== PACKET.codedFrames && packet !== PACKET.codedFramesX) return undefined;
  const payloadAt = EX_HEADER_BYTES + (hasOffset ? OFFSET_BYTES : 0);
  if (body.length < payloadAt) return undefined;
  return {
    kind: 'video',
    codec: coded.codec,
    isConfiguration,
    timeMs,
    offsetMs: hasOffset ? offsetAt(body, EX_HEADER_BYTES) : 0,
    payload: body.subarray(payloadAt),
  };
}

function soundOf(timeMs: number, body: Buffer): FlvMedia | undefined {
  const first = body[0] ?? 0;
  const packet = body[1] ?? 0;
  if (first >> 4 === EX_AUDIO && body.toString('latin1', 1, EX_HEADER_BYTES) === OPUS)
    return opusOf(timeMs, first & 15, body.subarray(EX_HEADER_BYTES));
  if (first >> 4 !== AAC) return { kind: 'unknown', timeMs, ...UNTIMED, payload: body };
  const payload = body.subarray(AAC_HEADER_BYTES);
  return { kind: 'audio', codec: 'aac', isConfiguration: packet === 0, timeMs, offsetMs: 0, payload };
}

function opusOf(timeMs: number, packet: number, payload: Buffer): FlvMedia | undefined {
  const isConfiguration = packet === PACKET.sequenceStart;
  // What else it says is which channel is which.
  if (!isConfiguration && packet !== PACKET.codedFrames) return undefined;
  return { kind: 'audio', codec: 'opus', isConfiguration, timeMs, offsetMs: 0, payload };
}
