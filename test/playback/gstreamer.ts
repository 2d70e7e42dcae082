import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Tool } from '../../infra/local/tools.ts';

/** A player that is neither a browser nor ffmpeg's own demuxer: its HLS, its MP4 and its parser are its own. */
export const GSTREAMER: Tool = {
  name: 'GStreamer',
  packages: [
    ...['gstreamer1.0-tools', 'gstreamer1.0-plugins-base', 'gstreamer1.0-plugins-good'],
    ...['gstreamer1.0-plugins-bad', 'gstreamer1.0-libav'],
  ],
  present: () =>
    ['souphttpsrc', 'hlsdemux', 'qtdemux', 'checksumsink', 'avdec_h264'].every(
      (element) => spawnSync('gst-inspect-1.0', [element], { stdio: 'ignore' }).status === 0,
    ),
};

/** What it says of one link. */
export interface Decoded {
  /** Of each picture, in the order in which they are shown. */
  readonly hashes: readonly string[];
  readonly error: string | undefined;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** Decodes the pictures of a list or a file to its end. */
export async function decodedByGstreamer(url: string): Promise<Decoded> {
  const pictures = [
    'd.',
    '!',
    'video/x-raw',
    '!',
    'queue',
    '!',
    'videoconvert',
    '!',
    'video/x-raw,format=I420',
  ];
  const args = [
    ...['-q', 'uridecodebin', 'name=d', `uri=${url}`, ...pictures, '!', 'checksumsink', 'sync=false'],
    ...['d.', '!', 'audio/x-raw', '!', 'queue', '!', 'fakesink', 'sync=false', 'async=false'],
  ];
  try {
    const { stdout, stderr } = await promisify(execFile)('gst-launch-1.0', args, { maxBuffer: MAX_BYTES });
    const hashes = stdout.split('\n').flatMap((line) => /^\S+ ([0-9a-f]{40})$/.exec(line.trim())?.[1] ?? []);
    const [error] = stderr.split('\n').filter((line) => /^ERROR/.test(line));
    return { hashes, error };
  } catch (error) {
    return { hashes: [], error: String((error as { stderr?: string }).stderr ?? error).trim() };
  }
}
