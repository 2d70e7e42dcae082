import { expect, it } from 'vitest';
import { beepsOf } from './shown.ts';

const SOUND_HZ = 16_000;
const BEEP_SAMPLES = 0.12 * SOUND_HZ;

const tone = (hz: number): number[] =>
  Array.from({ length: BEEP_SAMPLES }, (_, i) => 16_000 * Math.sin((2 * Math.PI * hz * i) / SOUND_HZ));

it.each([0, 15, 40])(
  'tells two beeps apart that a seam has brought together: %i ms between them',
  (quietMs) => {
    const quiet = Array<number>((quietMs * SOUND_HZ) / 1_000).fill(0);
    const heard = beepsOf(Int16Array.from([...tone(2_200), ...quiet, ...tone(2_800), ...quiet]));
    expect(heard.map(({ number }) => number)).toEqual([12, 16]);
  },
);

it.each([
  ['quiet', 0],
  ['noise', 5_000],
])('hears the pitch of a beep that is broken: %s within it', (_what, loudness) => {
  const beep = tone(2_200);
  const alternating = Array.from({ length: 240 }, (_, i) => (i % 2 === 0 ? loudness : -loudness));
  const heard = beepsOf(Int16Array.from([...beep.slice(0, 480), ...alternating, ...beep.slice(720)]));
  expect(heard.map(({ number }) => number)).toEqual([12]);
});
