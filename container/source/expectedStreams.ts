import type { FoundSource, FoundStream } from '../../functions/core/settings/selectTracks.ts';
import type { Job } from '../../functions/core/state/objects.ts';

/**
 * What the registry says of the stream, or the usual: H.264 with AAC at the wanted rate.
 * @param sounds how many the source says it has
 */
export function expectedStreams({ stream, settings }: Job, sounds = 1): FoundSource {
  const video: FoundStream = { index: 0, kind: 'video', codec: codecName(stream.videoCodec) ?? 'h264' };
  const audio = Array.from(
    { length: sounds },
    (_, place): FoundStream => ({
      index: 1 + place,
      kind: 'audio',
      codec: codecName(stream.audioCodec) ?? 'aac',
      sampleRateHz: settings.audioSampleRateHz,
    }),
  );
  const { tracks } = settings;
  const streams = [
    ...(stream.hasVideo === false && tracks.audio !== false ? [] : [video]),
    ...(stream.hasAudio === false && tracks.video ? [] : audio),
  ];
  return { streams, programs: [] };
}

/** Media servers' names for codecs, as ffmpeg has them. */
function codecName(announced: string | undefined): string | undefined {
  const name = announced?.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (name === undefined || name === '') return undefined;
  return { avc: 'h264', h265: 'hevc', mpeg4generic: 'aac', mp4alatm: 'aac' }[name] ?? name;
}
