import type { RecordingSettings } from '../../functions/core/settings/settings.ts';

export type InputSettings = Pick<RecordingSettings, 'idleTimeoutMs' | 'audioSampleRateHz'>;

/** How a source is opened. */
export interface Input {
  readonly url: string;
  readonly settings: InputSettings;
  /** Something of it has been recorded: it is joined again where the recording stopped, as far as it can be. */
  readonly rejoins: boolean;
  /** Its pictures come seldom, or say that they do: ffmpeg is to look for what has come for longer. */
  readonly looksLonger?: boolean;
}

/** ffmpeg's own time-outs come first where it has one: it then ends by itself and hands over all that it holds. */
const WATCH_MARGIN_MS = 1_500;
/** HLS comes a segment at a time, and whoever hands it over notices first that there are no more. */
const HLS_WATCH_FACTOR = 3;
const HLS_WATCH_MIN_MS = 120_000;
/**
 * Of FLV ffmpeg would wait for 40 frames to find out how many come in a second: 1.6 s at the usual rate, and longer
 * than a recorder waits where there is one a second. A copy does not need to know. RTSP has no decoding times of its
 * own: there ffmpeg may look at more frames.
 */
const NO_FRAME_RATE_PROBE = ['-fpsprobesize', '0'];
/**
 * How long ffmpeg looks for what was announced: FLV says of sound that it is to come, also while the microphone is muted,
 * and ffmpeg would look for it for 90 s of the stream.
 */
const ANALYZED_US = 3_000_000;
/** A picture in ten seconds: of MPEG-TS the first one is known to be whole when the third one begins. */
const ANALYZED_LONGER_US = 22_000_000;
const ANALYZED = ['-analyzeduration', String(ANALYZED_US)];
const ANALYZED_LONGER = ['-analyzeduration', String(ANALYZED_LONGER_US)];
/**
 * Of MPEG-TS ffmpeg would look for three seconds whether its tables change; so it goes on when all that they announce has
 * come. What they announce later begins another run.
 */
export const NO_LATER_TABLES = ['-scan_all_pmts', '0'];
/** As long as it takes until the first frame where ffmpeg looks for longer. */
export const LOOKS_LONGER_MS = 30_000;

/**
 * ffmpeg's own time-out, in ms. RTSP ends after twice what it is told, and until then goes on as if nothing had been.
 * What it fetches over HTTP ends after twice that, too.
 */
export function ioTimeoutMs({ url, settings: { idleTimeoutMs } }: Input): number {
  return schemeOf(url).startsWith('rtsp') ? Math.ceil(idleTimeoutMs / 2) : idleTimeoutMs;
}

/** After how long without any output ffmpeg is taken to hang. */
export function silenceLimitMs({ idleTimeoutMs }: InputSettings, inSegments: boolean): number {
  return inSegments
    ? Math.max(HLS_WATCH_MIN_MS, HLS_WATCH_FACTOR * idleTimeoutMs)
    : idleTimeoutMs + WATCH_MARGIN_MS;
}

/**
 * ffmpeg's options for a source of this scheme, time-outs first. ffmpeg's own HTTP reconnection stays off: it would
 * join a live stream again in the middle, with times that do not fit; `follow.ts` starts ffmpeg again instead.
 */
export function inputOptions(input: Input, isFed: boolean): string[] {
  const { url, looksLonger } = input;
  if (isFed) return [...NO_FRAME_RATE_PROBE, ...(looksLonger === true ? ANALYZED_LONGER : ANALYZED)];
  const timeoutUs = String(ioTimeoutMs(input) * 1_000);
  switch (schemeOf(url)) {
    case 'rtsp':
    case 'rtsps':
      // The recorder stands between them: whatever media come over, they are in its connection.
      return [
        ...['-timeout', timeoutUs, '-rtsp_transport', 'tcp'],
        ...(looksLonger === true ? ANALYZED_LONGER : []),
      ];
    case 'srt':
      // What the URL says of these comes after them and wins.
      return ['-timeout', timeoutUs, ...NO_FRAME_RATE_PROBE, ...ANALYZED, ...NO_LATER_TABLES];
    default:
      return ['-rw_timeout', timeoutUs, ...NO_FRAME_RATE_PROBE, ...ANALYZED];
  }
}

function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(':')).toLowerCase();
}
