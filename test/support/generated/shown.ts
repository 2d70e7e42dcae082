import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beepOf } from './beeps.ts';

const run = promisify(execFile);
const MAX_BUFFER = 64 * 1024 * 1024;
/** What is longer has wrong times, and silence is not decoded for hours. */
const HEARD_SECONDS = 120;
const VIDEO_HZ = 90_000;
const SOUND_HZ = 16_000;
/**
 * Where so much of sound is missing, what follows is heard at its own time, as players have it. Less are times that are
 * not even: frames that were sent two at a time lie up to 40 ms beside where they are heard.
 */
const HOLE_MIN_SECONDS = 0.05;
const FRAME_SAMPLES = 80;
const LOUD = 2_500;
const BEEP_FRAMES_MIN = 12;
/** A beep is shorter: at a seam another one may follow at once. */
const BEEP_FRAMES_MAX = 28;
const QUIET_FRAMES = 4;

export interface ShownFrame {
  readonly ms: number;
  readonly hash: string;
}

/** Every decoded picture, in the order shown; none of a file that has no pictures. */
export async function framesOf(file: string): Promise<ShownFrame[]> {
  if (!(await has(file, 'v'))) return [];
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-copyts',
    '-i',
    file,
    '-map',
    '0:v:0',
    '-fps_mode',
    'passthrough',
  ];
  const { stdout } = await run(
    'ffmpeg',
    [...args, '-enc_time_base', `1:${VIDEO_HZ}`, '-f', 'framemd5', '-'],
    {
      maxBuffer: MAX_BUFFER,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, , pts = '', , , hash = ''] = line.split(',').map((field) => field.trim());
      return { ms: (Number(pts) * 1_000) / VIDEO_HZ, hash };
    });
}

async function has(file: string, kind: 'v' | 'a'): Promise<boolean> {
  const args = ['-v', 'error', '-select_streams', kind, '-show_entries', 'stream=index', '-of', 'csv=p=0'];
  return (await run('ffprobe', [...args, file])).stdout.trim() !== '';
}

export interface HeardBeep {
  readonly ms: number;
  /** Which one, by its pitch. */
  readonly number: number;
}

/** The beeps, told apart by their pitch. Times are as pictures' are. */
export async function beepsIn(file: string): Promise<HeardBeep[]> {
  if (!(await has(file, 'a'))) return [];
  const filter = `aresample=${SOUND_HZ}:async=1:min_hard_comp=${HOLE_MIN_SECONDS}:first_pts=0`;
  const args = ['-nostdin', '-v', 'error', '-copyts', '-i', file, '-map', '0:a:0', '-af', filter];
  const { stdout } = await run(
    'ffmpeg',
    [...args, '-ac', '1', '-t', String(HEARD_SECONDS), '-f', 's16le', '-'],
    {
      encoding: 'buffer',
      maxBuffer: MAX_BUFFER,
    },
  );
  return beepsOf(new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2)));
}

/** @param samples at 16 kHz */
export function beepsOf(samples: Int16Array): HeardBeep[] {
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  const isLoud = (frame: number): boolean =>
    samples
      .subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES)
      .some((sample) => Math.abs(sample) > LOUD);
  const beeps: HeardBeep[] = [];
  for (let from = 0; from < frames; from++) {
    if (!isLoud(from)) continue;
    let until = from;
    for (let frame = from; frame < Math.min(frames, until + QUIET_FRAMES, from + BEEP_FRAMES_MAX); frame++)
      if (isLoud(frame)) until = frame + 1;
    if (until - from >= BEEP_FRAMES_MIN) {
      const middle = samples.subarray((from + 4) * FRAME_SAMPLES, (until - 4) * FRAME_SAMPLES);
      beeps.push({ ms: (from * FRAME_SAMPLES * 1_000) / SOUND_HZ, number: beepOf(pitchHz(middle)) });
    }
    from = until;
  }
  return beeps;
}

/** By its usual wave: where sound is coded in another way from then on, a beep is broken, and its decoder adds noise. */
function pitchHz(samples: Int16Array): number {
  const crossings: number[] = [];
  for (let i = 1; i < samples.length; i++) {
    const [before = 0, after = 0] = [samples[i - 1], samples[i]];
    if (before < 0 && after >= 0) crossings.push(i - after / (after - before));
  }
  const waves = crossings.slice(1).map((at, i) => at - (crossings[i] ?? at));
  const usual = waves.toSorted((one, other) => one - other)[Math.floor(waves.length / 2)] ?? Number.NaN;
  const whole = waves.filter((wave) => Math.abs(wave - usual) < usual / 4);
  return (SOUND_HZ * whole.length) / whole.reduce((sum, wave) => sum + wave, 0);
}
