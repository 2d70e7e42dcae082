import {
  AAC,
  AUDIO,
  AVC,
  AVC_HEADER_BYTES,
  COMMAND,
  HEADER_BYTES,
  HEADER_START,
  SCRIPT,
  SIZE_BYTES,
  TAG_HEADER_BYTES,
  VIDEO,
} from './tagLayout.ts';

export type MediaKind = 'video' | 'audio';

/** What a tag holds, as far as it is H.264 or AAC. */
export interface FlvMedia {
  readonly kind: MediaKind | 'script' | 'unknown';
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

/**
 * What whole tags of FLV hold, in order, as a cutter has given them (`FlvCutter`): a file's header may be in front of any of
 * them. What holds nothing is left out, and so is a tag that is cut off.
 */
export function* mediaIn(tags: Buffer): Generator<FlvMedia> {
  for (let at = 0; at + TAG_HEADER_BYTES <= tags.length; ) {
    if (tags.subarray(at, at + HEADER_START.length).equals(HEADER_START)) {
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
  const [first = 0, packet = 0] = body;
  if (((first >> 4) & 7) === COMMAND) return undefined;
  // From 128 on it is of enhanced RTMP.
  if ((first & 0x8f) !== AVC) return { kind: 'unknown', timeMs, ...UNTIMED, payload: body };
  if (packet > 1 || body.length < AVC_HEADER_BYTES) return undefined;
  const offsetMs = body.readIntBE(2, 3);
  return {
    kind: 'video',
    isConfiguration: packet === 0,
    timeMs,
    offsetMs: offsetMs > OFFSET_MAX_MS ? 0 : offsetMs,
    payload: body.subarray(AVC_HEADER_BYTES),
  };
}

function soundOf(timeMs: number, body: Buffer): FlvMedia {
  const [first = 0, packet = 0] = body;
  if (first >> 4 !== AAC) return { kind: 'unknown', timeMs, ...UNTIMED, payload: body };
  const payload = body.subarray(AAC_HEADER_BYTES);
  return { kind: 'audio', isConfiguration: packet === 0, timeMs, offsetMs: 0, payload };
}
