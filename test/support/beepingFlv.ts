import { type FlvTag, flvTags, isMedia } from './flvTags.ts';
import { beepsArgument } from './generated/beeps.ts';
import type { MediaFolder } from './media.ts';

export const BEEPING_FPS = 25;

export interface BeepingFlv {
  readonly seconds: number;
  readonly rateHz?: number;
  /** Pictures from one keyframe to the next. */
  readonly keyframeEvery?: number;
  /** Width and height of the pictures. */
  readonly size?: readonly [number, number];
  /** Of the pictures: `negate` makes them others. */
  readonly filter?: string;
}

/**
 * Pictures, each unlike any other, and sound that tells its time by its pitch (./generated/beeps.ts), in a file of FLV.
 * @param name of the file, which is left in the folder
 * @returns what a server sends of them: no metadata
 */
export function beepingFlv(folder: MediaFolder, name: string, options: BeepingFlv): FlvTag[] {
  const { seconds, rateHz = 44_100, keyframeEvery = 10, size = [160, 96], filter } = options;
  const bytes = folder.make(name, [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size.join('x')}:rate=${BEEPING_FPS}`],
    ...['-f', 'lavfi', '-i', beepsArgument(rateHz), '-t', String(seconds)],
    ...(filter === undefined ? [] : ['-vf', filter]),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', String(keyframeEvery)],
    ...['-bf', '0', '-sc_threshold', '0', '-c:a', 'aac', '-flvflags', 'no_duration_filesize'],
  ]);
  return flvTags(bytes).filter(isMedia);
}
