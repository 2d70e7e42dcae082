import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
/** Of pictures, sound and packets. To compute MD5 of every picture is a fifth of decoding it; this has as many bits. */
export const HASH = 'murmur3';

export interface Probe {
  readonly format: { readonly duration: string; readonly format_name: string; readonly size: string };
  readonly streams: readonly {
    readonly codec_type: string;
    readonly codec_name: string;
    readonly sample_rate?: string;
    readonly width?: number;
    readonly start_time: string;
    readonly duration: string;
    readonly nb_frames?: string;
  }[];
}

interface Listed extends Probe {
  readonly packets?: readonly { readonly stream_index: number; readonly data_hash: string }[];
}

/** By the state of the file: starting ffprobe is most of the work, and tests ask for a file's tracks and its packets. */
const files = new Map<string, Promise<Listed>>();

/** What ffprobe says of a file or URL. */
export function probe(file: string): Promise<Probe> {
  return listed(file);
}

/** A hash of every packet of the first stream of a kind, as it lies in the file; none where there is no such stream. */
export async function probedPackets(file: string, kind: 'v' | 'a'): Promise<string[]> {
  const { streams, packets = [] } = await listed(file);
  const wanted = streams.findIndex(({ codec_type }) => codec_type.startsWith(kind));
  const own = packets.filter((one) => one.stream_index === wanted);
  // As ffmpeg's framehash writes it.
  return own.map((one) => one.data_hash.replace(`${HASH}:`, ''));
}

async function listed(file: string): Promise<Listed> {
  if (/^\w+:\/\//.test(file)) return list(file, []);
  const state = await stateOf(file);
  const answer = files.get(state) ?? list(file, ['-show_entries', 'packet=stream_index,data_hash']);
  files.set(state, answer);
  return answer;
}

async function list(source: string, more: readonly string[]): Promise<Listed> {
  const args = ['-v', 'error', '-show_format', '-show_streams', ...more, '-show_data_hash', HASH];
  const { stdout } = await run('ffprobe', [...args, '-of', 'json', source], { maxBuffer: MAX_LISTING_BYTES });
  return JSON.parse(stdout) as Listed;
}

/** Another where it has been written since. */
export async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [file, ino, size, mtimeNs].join(' ');
}
