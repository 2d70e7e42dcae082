import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

const run = promisify(execFile);

const probeSchema = z.object({
  format: z.object({ duration: z.string(), size: z.string() }),
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string(),
      width: z.optional(z.number()),
      height: z.optional(z.number()),
      sample_rate: z.optional(z.string()),
      channels: z.optional(z.number()),
    }),
  ),
});
export type Probe = z.infer<typeof probeSchema>;

/** What ffprobe sees in a file. */
export async function probe(file: string): Promise<Probe> {
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-show_format', '-show_streams', '-of', 'json'],
    file,
  ]);
  return probeSchema.parse(JSON.parse(stdout));
}

/** What ffmpeg complains of while it decodes all of a file; '' for a sound one. */
export async function decodeErrors(file: string): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-nostdin', '-v', 'error', '-i', file, '-f', 'null', '-']);
  return stderr.trim();
}

/** `h264 640x360`, `aac 44100 Hz, 2 channels` */
export function trackText(track: Probe['streams'][number]): string {
  return track.codec_type === 'video'
    ? `${track.codec_name} ${track.width}x${track.height}`
    : `${track.codec_name} ${track.sample_rate} Hz, ${track.channels} channels`;
}

const ONE_FRAGMENT_MS = 1_000;

/** What is wrong with the demo's record, in words; [] when it is as it should be. */
export function whatIsOff(
  found: Probe,
  expected: { readonly recordedMs: number; readonly durationMs: number },
): string[] {
  const durationMs = Number(found.format.duration) * 1_000;
  const video = found.streams.find((track) => track.codec_type === 'video');
  const audio = found.streams.find((track) => track.codec_type === 'audio');
  const problems = {
    'there is no H.264 video': video?.codec_name !== 'h264',
    'there is no AAC audio at 44100 Hz': audio?.codec_name !== 'aac' || audio.sample_rate !== '44100',
    [`it lasts ${durationMs} ms, the API says ${expected.durationMs} ms`]:
      Math.abs(durationMs - expected.durationMs) > ONE_FRAGMENT_MS,
    [`it lasts ${durationMs} ms, recorded were ${expected.recordedMs} ms`]:
      durationMs < expected.recordedMs - 2 * ONE_FRAGMENT_MS,
  };
  return Object.entries(problems).flatMap(([problem, is]) => (is ? [problem] : []));
}
