/** What a source says of itself. */
export interface Claimed {
  /** ffmpeg's name of its format. */
  readonly demuxer: string;
  /** How long it says it is; 0 when it does not say so. */
  readonly durationMs: number;
}

/** A duration is rounded by who writes it, and the last frame's own is guessed. */
const END_MARGIN_MS = 1_500;

/**
 * The source is a file, or a playlist with its end: joined again it begins anew. Only HTTP has such ones. What RTMP,
 * RTSP and SRT say of a duration is a publisher's metadata; and so it is with FLV, over HTTP as well.
 */
export function hasEnd(url: string, { demuxer, durationMs }: Claimed): boolean {
  return isHttp(url) && durationMs > 0 && demuxer !== 'flv';
}

/**
 * An FLV file over HTTP, which looks like a live stream, has come to its end: so much has come as it said it has.
 * @param runMs of it has come on this connection
 */
export function hasCome(url: string, { demuxer, durationMs }: Claimed, runMs: number): boolean {
  return isHttp(url) && demuxer === 'flv' && durationMs > 0 && runMs >= durationMs - END_MARGIN_MS;
}

const isHttp = (url: string): boolean => /^https?:/i.test(url);
