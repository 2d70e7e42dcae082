import type { TakenOff } from '../../functions/core/media/timeline/takenOff.ts';

/** More than so many seconds ahead of what the clock has gone by is a jump. */
const AHEAD_SECONDS = 10;
/** Back by more than so many is one: of a tenth of a second and a frame, which lies behind, the resampler cuts off what comes. */
const BACK_SECONDS = 0.07;
const INFO_LEVEL = 32;

/**
 * For ffmpeg's `asetpts`. What is encoded must not jump: the resampler would fill an hour with silence. Sound goes on where
 * it was; what that takes off its times, and from which time on, is said in a line each, for `SoundJumps`. Where sound
 * changes its rate or channels filters begin anew, and know nothing of what they took off: infinity is said in its place.
 * Frames of one time follow one another: the resampler would cut off what begins a tenth of a second before the end of what
 * came before it. What jumps behind them goes on behind the last of them.
 */
export const WITHOUT_JUMPS = [
  `if(eq(N,0),${[`print(1/0,${INFO_LEVEL})`, `print(PTS*TB,${INFO_LEVEL})`].join(';')},0)`,
  'st(1,(PTS-PREV_INPTS)*TB)',
  'st(2,ld(1)-(RTCTIME-ld(3))/1000000)',
  'st(3,RTCTIME)',
  `if(gt(ld(2),${AHEAD_SECONDS})+lt(ld(1),-${BACK_SECONDS}),${[
    'st(0,PTS-PREV_OUTPTS-ld(4)/TB)',
    `print(ld(0)*TB,${INFO_LEVEL})`,
    `print((PTS-ld(0))*TB,${INFO_LEVEL})`,
  ].join(';')},0)`,
  `if(lt(abs(ld(1)),ld(4)/2),PREV_OUTPTS+ld(4)/TB,PTS-ld(0))+0*st(4,S/SR)`,
].join(';');

const NUMBER = /^-?\d+\.\d{6}$/;
const ANEW = 'inf';

/** Reads what ffmpeg says of the jumps that it has taken out of one sound. */
export class SoundJumps {
  readonly all: TakenOff[] = [];
  #said: Pick<TakenOff, 'ms' | 'isAnew'> | undefined;

  /** @returns whether it was such a line */
  readLine(text: string): boolean {
    if (text !== ANEW && !NUMBER.test(text)) return false;
    const ms = Number(text) * 1_000;
    if (text === ANEW) this.#said = { ms: 0, isAnew: true };
    else if (this.#said === undefined) this.#said = { ms };
    else {
      this.all.push({ ...this.#said, fromMs: ms });
      this.#said = undefined;
    }
    return true;
  }
}
