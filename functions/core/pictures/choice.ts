/** A storyboard has at most so many pictures. */
export const TILES_MAX = 200;
/** At first: a recording of seconds has some as well. */
const FIRST_EVERY_MS = 1_000;
/** More than so many wait for no decoder: each is a keyframe in memory. */
export const WAITING_MAX = 16;
/** From the first that are decoded on: what a recording costs is bounded by this. */
const STEADY_EVERY_MS = 30_000;
/** Keyframes do not come at exact times. */
const EARLY_MS = 50;

export interface Tile<Keyframe, Picture> {
  /** When it is shown in the part. */
  readonly atMs: number;
  /** Until it is decoded. */
  readonly keyframe?: Keyframe;
  /** From then on. */
  readonly picture?: Picture;
}

/**
 * Which keyframes of a part become pictures of its storyboard, while nobody knows how long it will be: all that are so far
 * apart. Where there are too many, they are twice as far apart, and from then on as well.
 */
export class TileChoice<Keyframe, Picture> {
  #tiles: Tile<Keyframe, Picture>[] = [];
  #everyMs = FIRST_EVERY_MS;
  /** Of the last one, whatever became of it. */
  #lastMs = Number.NEGATIVE_INFINITY;

  get tiles(): readonly Tile<Keyframe, Picture>[] {
    return this.#tiles;
  }

  /** Those that are to be decoded. */
  get waiting(): readonly (Tile<Keyframe, Picture> & { readonly keyframe: Keyframe })[] {
    return this.#tiles.flatMap((tile) =>
      tile.keyframe === undefined ? [] : [{ ...tile, keyframe: tile.keyframe }],
    );
  }

  /** Whether the keyframe that is shown then is one of them. Times only grow. */
  wants(atMs: number): boolean {
    return atMs - this.#lastMs >= this.#everyMs - EARLY_MS;
  }

  add(atMs: number, keyframe: Keyframe, waitingMax: number = WAITING_MAX): void {
    this.#tiles.push({ atMs, keyframe });
    this.#lastMs = atMs;
    while (this.#tiles.length > TILES_MAX || this.waiting.length > waitingMax) this.thin();
  }

  /** They are to be twice as far apart, or more: some go, and the first one stays. There must be two. */
  thin(): void {
    const { length } = this.#tiles;
    while (this.#tiles.length === length) {
      this.#everyMs *= 2;
      let lastMs = Number.NEGATIVE_INFINITY;
      this.#tiles = this.#tiles.filter(({ atMs }) => {
        const isKept = atMs - lastMs >= this.#everyMs - EARLY_MS;
        if (isKept) lastMs = atMs;
        return isKept;
      });
    }
  }

  /** What became of those that waited and are among these: a picture, or nothing. */
  decoded(pictures: ReadonlyMap<Keyframe, Picture | undefined>): void {
    this.#everyMs = Math.max(this.#everyMs, STEADY_EVERY_MS);
    this.#tiles = this.#tiles.flatMap((tile) => {
      const { atMs, keyframe } = tile;
      if (keyframe === undefined || !pictures.has(keyframe)) return [tile];
      const picture = pictures.get(keyframe);
      return picture === undefined ? [] : [{ atMs, picture }];
    });
  }
}
