import type { FoundStream } from '../settings/selectTracks.ts';

/** Payload types that need no description (RFC 3551, 6), with their clock in Hz. */
const STATIC: Readonly<Record<string, readonly [name: string, clockHz: number]>> = {
  0: ['pcmu', 8_000],
  3: ['gsm', 8_000],
  8: ['pcma', 8_000],
  9: ['g722', 8_000],
  10: ['l16', 44_100],
  11: ['l16', 44_100],
  14: ['mpa', 90_000],
  26: ['jpeg', 90_000],
  32: ['mpv', 90_000],
  33: ['mp2t', 90_000],
};
/** RTP's names of codecs, where ffmpeg has others. */
const CODECS: Readonly<Record<string, string>> = {
  'mpeg4-generic': 'aac',
  'mp4a-latm': 'aac',
  h265: 'hevc',
  pcma: 'pcm_alaw',
  pcmu: 'pcm_mulaw',
  l16: 'pcm_s16be',
  mpa: 'mp3',
  jpeg: 'mjpeg',
  mpv: 'mpeg2video',
  'mp4v-es': 'mpeg4',
};
const STREAMS_MAX = 64;

/**
 * Which streams a session description announces (RFC 8866), in its order, as ffmpeg will list them.
 * @returns undefined where it holds what only ffmpeg can tell, such as a transport stream, or nothing at all
 */
export function streamsOfSdp(sdp: string): readonly FoundStream[] | undefined {
  const [, ...media] = sdp.split(/^m=/m);
  const streams = media.slice(0, STREAMS_MAX).map(streamOf);
  const known = streams.filter((stream) => stream !== undefined);
  return known.length === 0 || known.length < streams.length ? undefined : known;
}

function streamOf(media: string, index: number): FoundStream | undefined {
  // What a camera says of what it sees.
  if (media.startsWith('application ')) return { index, kind: 'data', codec: 'none' };
  const [, kind, type = ''] = /^(video|audio) \S+ \S+ (\d{1,3})\b/.exec(media) ?? [];
  const described = new RegExp(`^a=rtpmap:${type} ([^/\\s]+)/(\\d+)`, 'm').exec(media);
  const [name = '', clockHz = 0] = described === null ? (STATIC[type] ?? []) : described.slice(1);
  const rtpName = String(name).toLowerCase();
  if ((kind !== 'video' && kind !== 'audio') || rtpName === '' || rtpName === 'mp2t') return undefined;
  const codec = CODECS[rtpName] ?? rtpName;
  return { index, kind, codec, ...(kind === 'audio' ? { sampleRateHz: Number(clockHz) } : {}) };
}
