import { expect } from 'vitest';
import { type Cell, gridCells } from '../../../functions/core/rooms/grid.ts';
import { readClocks, readTones, type Take } from '../../support/room.ts';

/** A room of four, with a clock in each picture and a tone in each sound, and what a merge of it has to show. */

export const FPS = 25;
export const FRAMES = 100;
export const PICTURE = { width: 320, height: 180, fps: FPS, names: false };
const TONES_HZ = [500, 1_000, 2_000, 3_000];

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-c:a', 'aac', '-shortest'];
const WEBM = [
  '-c:v',
  'libvpx',
  '-deadline',
  'realtime',
  '-cpu-used',
  '8',
  '-b:v',
  '400k',
  '-g',
  '25',
  '-c:a',
  'libopus',
];
/** Anna is there all the time, Ben leaves and returns with another codec, Cara sends 480p, Dan sound alone. */
export const TAKES: readonly (Take & { readonly name: string })[] = [
  {
    name: 'anna',
    file: 'anna.mp4',
    who: 1,
    fromFrame: 0,
    frames: 100,
    size: '320x180',
    toneHz: 500,
    encoders: H264,
  },
  {
    name: 'ben',
    file: 'ben.mp4',
    who: 2,
    fromFrame: 10,
    frames: 20,
    size: '192x108',
    toneHz: 1_000,
    encoders: H264,
  },
  {
    name: 'ben',
    file: 'ben.webm',
    who: 2,
    fromFrame: 65,
    frames: 20,
    size: '320x180',
    toneHz: 1_000,
    encoders: WEBM,
  },
  {
    name: 'cara',
    file: 'cara.ts',
    who: 3,
    fromFrame: 20,
    frames: 70,
    size: '640x480',
    toneHz: 2_000,
    encoders: [...H264, '-bf', '0', '-ar', '44100'],
  },
  {
    name: 'dan',
    file: 'dan.mp4',
    who: 4,
    fromFrame: 5,
    frames: 50,
    toneHz: 3_000,
    encoders: ['-c:a', 'aac', '-ac', '1'],
  },
];

/** Who is there with a picture, or with sound, in a frame: by the takes. */
const thereAt = (frame: number, kind: 'picture' | 'sound'): number[] =>
  TAKES.filter(
    ({ fromFrame, frames, size }) =>
      frame >= fromFrame && frame < fromFrame + frames && (kind === 'sound' || size !== undefined),
  ).map(({ who }) => who);

/** A picture of this shape in the middle of a cell. */
function within({ x, y, width, height }: Cell, [w, h]: readonly [number, number]): Cell {
  const scale = Math.min(width / w, height / h);
  const [shownWidth, shownHeight] = [2 * Math.floor((w * scale) / 2), 2 * Math.floor((h * scale) / 2)];
  return {
    x: x + (width - shownWidth) / 2,
    y: y + (height - shownHeight) / 2,
    width: shownWidth,
    height: shownHeight,
  };
}

export async function expectPictures(file: string): Promise<void> {
  const shapes: Readonly<Record<number, readonly [number, number]>> = { 1: [16, 9], 2: [16, 9], 3: [4, 3] };
  const places = [1, 2, 3].flatMap((count) =>
    gridCells(count, PICTURE).flatMap((cell, place) =>
      [1, 2, 3].map((who) => ({ count, place, who, cell: within(cell, shapes[who] ?? [1, 1]) })),
    ),
  );
  const clocks = await readClocks(
    file,
    places.map(({ cell }) => cell),
  );
  expect(clocks).toHaveLength(FRAMES);
  for (const [frame, shown] of clocks.entries()) {
    const there = thereAt(frame, 'picture');
    // Within a frame: at a beginning or an end it may be either.
    if ([frame - 1, frame + 1].some((near) => thereAt(near, 'picture').join() !== there.join())) continue;
    for (const [place, who] of there.entries()) {
      const at = places.findIndex(
        (one) => one.count === there.length && one.place === place && one.who === who,
      );
      const clock = shown[at] ?? { who: 0, frame: 0 };
      const isInSync = Math.abs(clock.frame - frame) <= 1;
      expect({ at: frame, ...clock, isInSync }).toMatchObject({ who, isInSync: true });
    }
  }
}

export async function expectSound(file: string): Promise<void> {
  const loudness = await readTones(file, TONES_HZ);
  expect(Math.abs(loudness.length - FRAMES)).toBeLessThanOrEqual(1);
  for (const [frame, tones] of loudness.entries()) {
    for (const [place, loud] of tones.entries()) {
      const near = [-1, 0, 1].map((by) => thereAt(frame + by, 'sound').includes(place + 1));
      // At a beginning or an end it may be either, within a frame.
      if (new Set(near).size > 1) continue;
      expect(`${frame} ${place} ${loud > 0.03}`).toBe(`${frame} ${place} ${near[0]}`);
    }
  }
}
