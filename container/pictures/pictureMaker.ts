import { pictureFile } from '../../functions/core/media/matroska/pictureFile.ts';
import { refreshesDecoder } from '../../functions/core/media/nal/refresh.ts';
import type { TrackDescription } from '../../functions/core/media/tracks/sample.ts';
import { pictureSize, type Size } from '../../functions/core/pictures/size.ts';
import { columnsOf } from '../../functions/core/pictures/storyboard.ts';
import { batchArguments, PICTURE_MAX_PIXELS, spriteArguments } from './arguments.ts';
import { CannotMakePictures, type Pictures, runPictureFfmpeg } from './pictureFfmpeg.ts';

/** Of the clock, and behind all that records: on a busy machine it gets little of it. */
const RUN_MAX_MS = 20_000;
const END_WAITS_MS = 10_000;
/** Behind all that records. */
const LOWEST_PRIORITY = 19;
/** A record waits for it: on a busy machine the lowest would get next to nothing. */
const AWAITED_NICENESS = 5;

/** Keyframes that are decoded alike. */
export interface PictureBatch {
  readonly description: TrackDescription;
  readonly keyframes: readonly Buffer[];
  /** Undefined: no small pictures are wanted. */
  readonly tile: Size | undefined;
  /** Which keyframes become large pictures. */
  readonly largePlaces: readonly number[];
}

/** Whether a part's end waits for it by now. */
export type IsAwaited = () => boolean;

/** Where pictures come from. */
export type PictureMaking = Pick<PictureMaker, 'make' | 'sprite' | 'endWaitsMs'>;

/**
 * Makes pictures for all recordings of this process, one run of ffmpeg at a time: however many recordings there are, they
 * share that one. What the end of a part waits for comes before all that waits: its record is not there before.
 */
export class PictureMaker {
  readonly #ffmpegPath: string;
  readonly #runMaxMs: number;
  readonly #niceness: number;
  /** So long a part's end waits for its pictures at most. */
  readonly endWaitsMs: number;
  readonly #waiting: { readonly isAwaited: IsAwaited; readonly begin: () => void }[] = [];
  #isRunning: boolean = false;

  constructor(
    ffmpegPath: string,
    { runMaxMs = RUN_MAX_MS, endWaitsMs = END_WAITS_MS, niceness = LOWEST_PRIORITY } = {},
  ) {
    this.#ffmpegPath = ffmpegPath;
    this.#runMaxMs = runMaxMs;
    this.endWaitsMs = endWaitsMs;
    this.#niceness = niceness;
  }

  /** @throws CannotMakePictures none is made of any other keyframe either; else the run's own error */
  async make(
    batch: PictureBatch,
    signal: AbortSignal,
    isAwaited: IsAwaited = () => false,
  ): Promise<{ tiles: Pictures; large: Pictures }> {
    const { description, keyframes, tile, largePlaces } = batch;
    const { width = 0, height = 0 } = description.info;
    if (width * height > PICTURE_MAX_PIXELS) throw new CannotMakePictures(`${width}x${height} is too large`);
    const areIndependent = keyframes.every((data) => refreshesDecoder({ description, data }));
    const places = [...keyframes.keys()];
    const runs = areIndependent ? [places] : places.map((place) => [place]);
    const large = pictureSize(description);
    const made = { tiles: new Map<number, Buffer>(), large: new Map<number, Buffer>() };
    for (const run of runs) {
      const plan = {
        tile,
        large,
        largePlaces: run.flatMap((place, at) => (largePlaces.includes(place) ? [at] : [])),
      };
      const input = (): Buffer[] =>
        pictureFile(
          description,
          run.flatMap((place) => keyframes[place] ?? []),
        );
      const found = await this.#run(batchArguments(plan), input, signal, isAwaited);
      for (const [at, picture] of found.tiles) made.tiles.set(run[at] ?? at, picture);
      for (const [at, picture] of found.large) made.large.set(run[at] ?? at, picture);
    }
    return made;
  }

  /** One image of small ones, all of this size: a part's end waits for it. @returns JPEG */
  async sprite(tiles: readonly Buffer[], size: Size, signal: AbortSignal): Promise<Buffer> {
    const [only] = tiles;
    // Of what was stopped within half a minute: it is that image, and nobody waits for another ffmpeg.
    if (only !== undefined && tiles.length === 1) return only;
    const columns = columnsOf(tiles.length);
    const rows = Math.ceil(tiles.length / columns);
    const file = (): Buffer[] => pictureFile(jpegOf(size), tiles);
    const { tiles: made } = await this.#run(spriteArguments(size, columns, rows), file, signal, () => true);
    const [sprite] = made.values();
    if (sprite === undefined) throw new Error('ffmpeg made no storyboard');
    return sprite;
  }

  async #run(
    args: readonly string[],
    input: () => Buffer[],
    asked: AbortSignal,
    isAwaited: IsAwaited,
  ): Promise<{ tiles: Pictures; large: Pictures }> {
    await this.#turn(isAwaited);
    try {
      // The time of the run alone.
      const signal = AbortSignal.any([asked, AbortSignal.timeout(this.#runMaxMs)]);
      return await runPictureFfmpeg({
        path: this.#ffmpegPath,
        arguments: args,
        niceness: isAwaited() ? Math.min(this.#niceness, AWAITED_NICENESS) : this.#niceness,
        input: input(),
        signal,
      });
    } finally {
      this.#next();
    }
  }

  async #turn(isAwaited: IsAwaited): Promise<void> {
    if (!this.#isRunning) {
      this.#isRunning = true;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ isAwaited, begin: resolve });
    await promise;
  }

  #next(): void {
    const awaited = this.#waiting.findIndex(({ isAwaited }) => isAwaited());
    const [next] = this.#waiting.splice(Math.max(0, awaited), 1);
    if (next === undefined) this.#isRunning = false;
    else next.begin();
  }
}

function jpegOf({ width, height }: Size): TrackDescription {
  return {
    info: { kind: 'video', codec: 'mjpeg', width, height },
    tag: Buffer.alloc(4),
    configuration: Buffer.alloc(0),
    timescale: 90_000,
    pixelWidth: 1,
    pixelHeight: 1,
    primingSamples: 0,
  };
}
