import type { StreamCodec } from '../../functions/core/settings/formats.ts';
import type { Job } from '../../functions/core/state/objects.ts';

/** What the registry says of the stream, or the usual: H.264 with AAC at the wanted rate. */
export function expectedStreams({ stream, settings }: Job): StreamCodec[] {
  const video: StreamCodec = { kind: 'video', codec: codecName(stream.videoCodec) ?? 'h264' };
  const audio: StreamCodec = {
    kind: 'audio',
    codec: codecName(stream.audioCodec) ?? 'aac',
    sampleRateHz: settings.audioSampleRateHz,
  };
  return [...(stream.hasVideo === false ? [] : [video]), ...(stream.hasAudio === false ? [] : [audio])];
}

/** Media servers' names for codecs, as ffmpeg has them. */
function codecName(announced: string | undefined): string | undefined {
  const name = announced?.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (name === undefined || name === '') return undefined;
  return { avc: 'h264', h265: 'hevc', mpeg4generic: 'aac', mp4alatm: 'aac' }[name] ?? name;
}
