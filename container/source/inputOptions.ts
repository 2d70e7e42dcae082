import type { RecordingSettings } from '../../functions/core/settings.ts';

export type InputSettings = Pick<RecordingSettings, 'idleTimeoutMs' | 'rtspTransport'>;

/** How a source is opened. */
export interface Input {
  readonly url: string;
  readonly settings: InputSettings;
  /** Something of it has been recorded: it is joined again where the recording stopped, as far as it can be. */
  readonly rejoins: boolean;
}

/** ffmpeg's own time-outs come first where it has one: it then ends by itself and hands over all that it holds. */
const WATCH_MARGIN_MS = 1_500;
/** HLS comes a segment at a time, and a playlist may stay the same for one and a half of them. */
const HLS_WATCH_FACTOR = 3;
/** ffmpeg reads a playlist that stays the same twice in each segment's time, which is a second or more. */
const HLS_RELOAD_MS = 500;
/** How far back a playlist is joined again, in segments: what has been recorded is left out. */
const HLS_REJOIN_SEGMENTS = -10;
/** How long RTSP waits for a datagram that has been overtaken by others. */
const REORDER_US = 500_000;

/**
 * ffmpeg's time-out, in ms. Once a stream runs, RTMP, RTSP and HTTP end after twice their time-out; while a connection
 * is being made, after once.
 */
export function ioTimeoutMs({ idleTimeoutMs }: InputSettings): number {
  return Math.ceil(idleTimeoutMs / 2);
}

/** After how long without any output ffmpeg is taken to hang. */
export function silenceLimitMs({ url, settings }: Input): number {
  const { idleTimeoutMs } = settings;
  return isHls(url) ? HLS_WATCH_FACTOR * idleTimeoutMs : idleTimeoutMs + WATCH_MARGIN_MS;
}

/**
 * ffmpeg's options for a source of this scheme, time-outs first. ffmpeg's own HTTP reconnection stays off: it would
 * join a live stream again in the middle, with times that do not fit; `follow.ts` starts ffmpeg again instead.
 */
export function inputOptions({ url, settings, rejoins }: Input): string[] {
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  const timeoutUs = String(ioTimeoutMs(settings) * 1_000);
  switch (scheme) {
    case 'rtsp':
      return [
        ...['-timeout', timeoutUs, '-rtsp_transport', settings.rtspTransport],
        ...(settings.rtspTransport === 'udp' ? ['-max_delay', String(REORDER_US)] : []),
      ];
    case 'rtsps':
      return ['-timeout', timeoutUs, '-rtsp_transport', 'tcp'];
    case 'srt':
      // What the URL says of these comes after them and wins.
      return ['-timeout', String(settings.idleTimeoutMs * 1_000)];
    default:
      return ['-rw_timeout', timeoutUs, ...(isHls(url) ? hlsOptions(settings, rejoins) : [])];
  }
}

function hlsOptions({ idleTimeoutMs }: InputSettings, rejoins: boolean): string[] {
  return [
    ...['-m3u8_hold_counters', String(Math.ceil(idleTimeoutMs / HLS_RELOAD_MS))],
    ...(rejoins ? ['-live_start_index', String(HLS_REJOIN_SEGMENTS)] : []),
  ];
}

/** By its name: ffmpeg refuses options of a demuxer that it then does not use. */
function isHls(url: string): boolean {
  return /^https?:/i.test(url) && /\.m3u8?$/i.test(URL.parse(url)?.pathname ?? '');
}
