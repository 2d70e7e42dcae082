import { execFileSync } from 'node:child_process';
import { frameHashes } from '../../support/media.ts';

export interface Picture {
  readonly hash: string;
  readonly atMs: number;
}

/** What a player of it has. */
export interface Content {
  readonly pictures: readonly Picture[];
  readonly sound: Int16Array;
}

/** Samples around the place where it should be. */
const SEARCHED = 100;

/** Of the first record. */
export async function contentOf([record = '']: readonly string[]): Promise<Content> {
  const times = timesOf(record);
  const hashes = await frameHashes(record, 'v');
  return {
    pictures: hashes.map((hash, at) => ({ hash, atMs: times[at] ?? 0 })),
    sound: samplesOf(record),
  };
}

/** All samples of the sound from the file's zero on, 16 bits each. */
export const samplesOf = (file: string): Int16Array => {
  const filled = ['-af', 'aresample=async=1:first_pts=0', '-f', 's16le', '-'];
  const pcm = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a:0', ...filled], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
};

/** When each picture is shown, in milliseconds. */
export const timesOf = (file: string): number[] =>
  execFileSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file],
  ])
    .toString()
    .trim()
    .split('\n')
    // What belongs to a frame besides comes on lines of its own.
    .filter((line) => /^\d/.test(line))
    .map((time) => Number.parseFloat(time) * 1000);

/** How many samples later than it should be the sound is heard. */
export function lateness(heard: Int16Array, sound: Int16Array, from: number): number | undefined {
  const length = Math.min(heard.length, sound.length - from) - 2 * SEARCHED;
  for (let late = 0; late <= SEARCHED; late++)
    for (const shift of [late, -late])
      if (isAlike(heard, sound, { at: SEARCHED, from: from + SEARCHED - shift, length })) return shift;
  return undefined;
}

function isAlike(
  heard: Int16Array,
  sound: Int16Array,
  { at, from, length }: { readonly at: number; readonly from: number; readonly length: number },
): boolean {
  for (let place = 0; place < length; place++)
    if (Math.abs((heard[at + place] ?? 0) - (sound[from + place] ?? 0)) > 40) return false;
  return true;
}
