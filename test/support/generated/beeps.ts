/** Sound that tells its time: short beeps, the next one always higher. */
export const BEEP_EVERY_MS = 500;
const BEEP_SECONDS = 0.12;
const BEEP_FIRST_HZ = 400;
const BEEP_STEP_HZ = 150;

/** What `-f lavfi -i` makes it of. */
export function beepsArgument(sampleRateHz: number): string {
  const every = BEEP_EVERY_MS / 1_000;
  const pitch = `${BEEP_FIRST_HZ}+${BEEP_STEP_HZ}*floor(t/${every})`;
  return `aevalsrc='if(lt(mod(t,${every}),${BEEP_SECONDS}),0.5*sin(2*PI*(${pitch})*t),0)':s=${sampleRateHz}`;
}

/** The beep of this pitch is the n-th. One that is a little lower than the first rounds to -0, which is not equal to 0. */
export const beepOf = (hz: number): number => 0 + Math.round((hz - BEEP_FIRST_HZ) / BEEP_STEP_HZ);
