import type { TakenOff } from '../../functions/core/media/timeline/takenOff.ts';

/** More than so many seconds ahead of what the clock has gone by, or back by more than so many, is a jump. */
const AHEAD_SECONDS = 10;
const BACK_SECONDS = 1;
const INFO_LEVEL = 32;

/**
 * For ffmpeg's `asetpts`. What is encoded must not jump: the resampler would fill an hour with silence. Sound goes on where
 * it was; what that takes off its times, and from which time on, is said in a line each, for `SoundJumps`.
 */
export const WITHOUT_JUMPS = [
  'st(1,(PTS-PREV_INPTS)*TB)',
  'st(2,ld(1)-(RTCTIME-ld(3))/1000000)',
  'st(3,RTCTIME)',
  `if(gt(ld(2),${AHEAD_SECONDS})+lt(ld(1),-${BACK_SECONDS}),${[
    'st(0,ld(0)+PTS-PREV_INPTS-1024/SR/TB)',
    `print(ld(0)*TB,${INFO_LEVEL})`,
    `print((PTS-ld(0))*TB,${INFO_LEVEL})`,
  ].join(';')},0)`,
  'PTS-ld(0)',
].join(';');

const NUMBER = /^-?\d+\.\d{6}$/;

/** Reads what ffmpeg says of the jumps that it has taken out of one sound. */
export class SoundJumps {
  readonly all: TakenOff[] = [];
  #ms: number | undefined;

  /** @returns whether it was such a line */
  readLine(text: string): boolean {
    if (!NUMBER.test(text)) return false;
    const ms = Number(text) * 1_000;
    if (this.#ms === undefined) this.#ms = ms;
    else {
      this.all.push({ ms: this.#ms, fromMs: ms });
      this.#ms = undefined;
    }
    return true;
  }
}
