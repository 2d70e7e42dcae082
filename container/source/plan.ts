import type { Job } from '../../functions/core/state/objects.ts';
import type { EncodingPlan } from './ffmpegArguments.ts';
import type { InputStream } from './inputStreams.ts';

/** What the registry says of the stream, or the usual: H.264 with AAC at the wanted rate. */
export function expectedStreams({ stream, settings }: Job): InputStream[] {
  const video: InputStream = { kind: 'video', codec: codecName(stream.videoCodec) ?? 'h264' };
  const audio: InputStream = {
    kind: 'audio',
    codec: codecName(stream.audioCodec) ?? 'aac',
    sampleRateHz: settings.audioSampleRateHz,
  };
  return [...(stream.hasVideo === false ? [] : [video]), ...(stream.hasAudio === false ? [] : [audio])];
}

/** How these streams are recorded: video copied, audio copied where codec and rate fit. */
export function planFor(streams: readonly InputStream[], { settings }: Job): EncodingPlan {
  const audio = streams.find(({ kind }) => kind === 'audio');
  const fits =
    audio === undefined || (audio.codec === 'aac' && audio.sampleRateHz === settings.audioSampleRateHz);
  return {
    format: 'mp4',
    audio: fits ? 'copy' : { encoder: 'aac', sampleRateHz: settings.audioSampleRateHz },
  };
}

/** Media servers' names for codecs, as ffmpeg has them. */
function codecName(announced: string | undefined): string | undefined {
  const name = announced?.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (name === undefined || name === '') return undefined;
  return { avc: 'h264', h265: 'hevc', mpeg4generic: 'aac', mp4alatm: 'aac' }[name] ?? name;
}
