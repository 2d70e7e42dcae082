import * as z from 'zod/mini';
import { MediaError } from '../media/types.ts';
import { TILES_MAX } from './choice.ts';

const COLUMNS_MAX = 10;
const TILE_MAX_PIXELS = 1_024;

const pixels = z.int().check(z.positive(), z.maximum(TILE_MAX_PIXELS));

/** How the pictures of a storyboard lie in its one image: in rows, from the left. */
export const storyboardLayoutSchema = z.object({
  tileWidth: pixels,
  tileHeight: pixels,
  columns: z.int().check(z.positive(), z.maximum(COLUMNS_MAX)),
  /** When each of them is shown in the part. */
  timesMs: z.array(z.int().check(z.nonnegative())).check(z.minLength(1), z.maxLength(TILES_MAX)),
});
export type StoryboardLayout = z.infer<typeof storyboardLayoutSchema>;

export interface Storyboard {
  readonly layout: StoryboardLayout;
  /** JPEG. */
  readonly sprite: Buffer;
}

export const columnsOf = (tiles: number): number => Math.min(COLUMNS_MAX, tiles);

const LINE_END = 0x0a;
/** SOI, and the first byte of the marker after it. */
const JPEG_BEGINS = Buffer.from([0xff, 0xd8, 0xff]);

export const isJpeg = (bytes: Buffer): boolean => bytes.subarray(0, JPEG_BEGINS.length).equals(JPEG_BEGINS);

/** One object in state: the layout as a line of JSON, then the image. */
export function encodeStoryboard({ layout, sprite }: Storyboard): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(layout)}\n`), sprite]);
}

/** @throws MediaError it is none */
export function decodeStoryboard(bytes: Buffer): Storyboard {
  const end = bytes.indexOf(LINE_END);
  const sprite = bytes.subarray(end + 1);
  const layout = storyboardLayoutSchema.safeParse(parsed(bytes.toString('utf8', 0, Math.max(0, end))));
  if (!layout.success || !isJpeg(sprite)) throw new MediaError('this is no storyboard');
  return { layout: layout.data, sprite };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MediaError('this is no storyboard', { cause: error });
  }
}

/** A part's pictures in a list for the whole recording, or for it alone. */
export interface Scene {
  readonly layout: StoryboardLayout;
  /** Where the image is, as the list names it. */
  readonly image: string;
  /** Where the part begins in what is played, and how long it is. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** WebVTT, as players take it for thumbnails: each picture from its time to the next one's, by a fragment `#xywh=`. */
export function storyboardVtt(scenes: readonly Scene[]): string {
  const cues = scenes.flatMap(({ layout, image, startMs, durationMs }) => {
    const { tileWidth, tileHeight, columns, timesMs } = layout;
    return timesMs.flatMap((atMs, place) => {
      const from = place === 0 ? 0 : atMs;
      const to = Math.min(durationMs, timesMs[place + 1] ?? durationMs);
      if (Math.round(to) <= Math.round(from)) return [];
      const x = (place % columns) * tileWidth;
      const y = Math.floor(place / columns) * tileHeight;
      const xywh = [x, y, tileWidth, tileHeight].join(',');
      return [`${clock(startMs + from)} --> ${clock(startMs + to)}\n${image}#xywh=${xywh}\n`];
    });
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

function clock(ms: number): string {
  const whole = Math.round(ms);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const seconds = whole / 1000;
  const [hours, minutes] = [two(seconds / 3600), two((seconds / 60) % 60)];
  return `${hours}:${minutes}:${two(seconds % 60)}.${String(whole % 1000).padStart(3, '0')}`;
}
