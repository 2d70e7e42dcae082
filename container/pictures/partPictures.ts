import { ifReadable } from '../../functions/core/media/ifReadable.ts';
import { refreshesDecoder } from '../../functions/core/media/nal/refresh.ts';
import type { KeyPicture } from '../../functions/core/media/tracks/sample.ts';
import { TileChoice, WAITING_MAX } from '../../functions/core/pictures/choice.ts';
import { type Size, tileSize } from '../../functions/core/pictures/size.ts';
import { columnsOf, encodeStoryboard } from '../../functions/core/pictures/storyboard.ts';
import { latestPictureKey, posterKey, storyboardKey } from '../../functions/core/state/keys.ts';
import type { RecordingPictures } from './recordingPictures.ts';

/** Of one keyframe, and of all that wait to be decoded. */
const KEYFRAME_MAX_BYTES = 4 * 1024 * 1024;
const WAITING_MAX_BYTES = 6 * 1024 * 1024;
/** Of those that each need a run of ffmpeg for themselves. */
const WAITING_ALONE_MAX = 4;

interface Keyframe extends KeyPicture {
  readonly isAlone: boolean;
}

/**
 * The pictures of one part: keyframes are kept as they pass, some are decoded now and then, and what was made of them is
 * in state before the part is complete. Nothing of it throws, and nothing waits for it but the part's end, for a while.
 */
export class PartPictures {
  readonly #recording: RecordingPictures;
  readonly #opened: Promise<{ readonly part: number }>;
  readonly #tiles = new TileChoice<Keyframe, Buffer>();
  readonly #ending = new AbortController();
  #tileSize: Size | undefined;
  #poster: Keyframe | undefined;
  #hasPoster: boolean = false;
  #isEndNear: boolean = false;
  #latest: Keyframe | undefined;
  /** What is being made now. */
  #work: Promise<void> | undefined;

  /** @param opened its number, once it is taken */
  constructor(recording: RecordingPictures, opened: Promise<{ readonly part: number }>) {
    this.#recording = recording;
    this.#opened = opened;
  }

  /** A keyframe was recorded. It is copied where it is wanted. @param atMs when it is shown in the part */
  take(picture: KeyPicture, atMs: number): void {
    if (this.#recording.hasGivenUp) return;
    try {
      this.#take(picture, atMs);
    } catch (error) {
      this.#recording.failed(error);
    }
  }

  #take(picture: KeyPicture, atMs: number): void {
    const { settings, isLatestDue } = this.#recording;
    const wantsPoster = settings.poster && !this.#hasPoster;
    const wantsTile = settings.storyboard && this.#tiles.wants(atMs);
    if (!(wantsPoster || wantsTile || isLatestDue) || picture.data.length > KEYFRAME_MAX_BYTES) return;
    const keyframe = copyOf(picture);
    if (keyframe === undefined) return;
    if (wantsTile) this.#addTile(atMs, keyframe);
    if (wantsPoster) this.#poster = keyframe;
    this.#hasPoster ||= wantsPoster;
    if (isLatestDue) this.#latest = keyframe;
    if (this.#work !== undefined) return;
    // Who looks at a recording that has just begun sees something.
    if (!isLatestDue && !(wantsPoster && this.#recording.isFirst) && !this.#recording.isBatchDue) return;
    this.#makeNow();
  }

  /** The part is about to end: what waits is made while its last bytes are on their way. */
  expectEnd(): void {
    this.#isEndNear = true;
    if (this.#work === undefined) this.#makeNow();
  }

  #makeNow(): void {
    this.#work = this.#makeWaiting(this.#ending.signal)
      .catch(this.#recording.failed)
      .finally(() => {
        this.#work = undefined;
      });
  }

  /** The part has ended. Resolves when its pictures are in state, or have been waited for long enough. */
  async finish(): Promise<void> {
    this.#isEndNear = true;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#ending.abort(new Error('the end of a part waits for its pictures no longer'));
      late.resolve();
    }, this.#recording.maker.endWaitsMs);
    await Promise.race([this.#finish(this.#ending.signal).catch(this.#recording.failed), late.promise]);
    clearTimeout(timer);
  }

  /** Nobody wants them any more. */
  leave(): void {
    this.#ending.abort(new Error('the part is left to others'));
  }

  async #finish(signal: AbortSignal): Promise<void> {
    await this.#work;
    await this.#makeWaiting(signal);
    await this.#recording.tryTo(() => this.#makeStoryboard(signal), signal);
  }

  #addTile(atMs: number, keyframe: Keyframe): void {
    // All of a storyboard have one size.
    this.#tileSize ??= tileSize(keyframe.description);
    this.#tiles.add(atMs, keyframe, keyframe.isAlone ? WAITING_ALONE_MAX : WAITING_MAX);
    const waitingBytes = (): number =>
      this.#tiles.waiting.reduce((sum, tile) => sum + tile.keyframe.data.length, 0);
    while (this.#tiles.waiting.length > 1 && waitingBytes() > WAITING_MAX_BYTES) this.#tiles.thin();
  }

  /** All that wait: those that are decoded alike, with the newest; a stream that changes gives up the others. */
  async #makeWaiting(signal: AbortSignal): Promise<void> {
    const poster = this.#poster;
    const latest = this.#latest;
    const waiting = this.#tiles.waiting.map(({ keyframe }) => keyframe);
    const all = [...new Set([...(poster ? [poster] : []), ...waiting, ...(latest ? [latest] : [])])];
    const newest = all.at(-1);
    if (newest === undefined) return;
    this.#poster = undefined;
    this.#latest = undefined;
    this.#recording.begin(latest !== undefined);
    const keyframes = all.filter(({ description }) => description === newest.description);
    const pictures = new Map<Keyframe, Buffer | undefined>(waiting.map((keyframe) => [keyframe, undefined]));
    await this.#recording.tryTo(async () => {
      const made = await this.#recording.maker.make(
        {
          description: newest.description,
          keyframes: keyframes.map(({ data }) => data),
          tile: waiting.length === 0 ? undefined : this.#tileSize,
          largePlaces: [poster, latest].flatMap((one) =>
            one && keyframes.includes(one) ? keyframes.indexOf(one) : [],
          ),
        },
        signal,
        () => this.#isEndNear,
      );
      for (const [place, keyframe] of keyframes.entries())
        if (pictures.has(keyframe)) pictures.set(keyframe, made.tiles.get(place));
      const largeOf = (one: Keyframe | undefined): Buffer | undefined =>
        one && made.large.get(keyframes.indexOf(one));
      await this.#store(largeOf(poster), largeOf(latest));
    }, signal);
    this.#tiles.decoded(pictures);
  }

  async #store(poster: Buffer | undefined, latest: Buffer | undefined): Promise<void> {
    const { store, recordingId } = this.#recording;
    if (poster !== undefined)
      await store.overwriteBytes(posterKey(recordingId, (await this.#opened).part), poster);
    if (latest !== undefined) await store.overwriteBytes(latestPictureKey(recordingId), latest);
  }

  async #makeStoryboard(signal: AbortSignal): Promise<void> {
    const size = this.#tileSize;
    const tiles = this.#tiles.tiles.flatMap(({ atMs, picture }) =>
      picture === undefined ? [] : [{ atMs, picture }],
    );
    if (size === undefined || tiles.length === 0) return;
    const sprite = await this.#recording.maker.sprite(
      tiles.map(({ picture }) => picture),
      size,
      signal,
    );
    const layout = {
      tileWidth: size.width,
      tileHeight: size.height,
      columns: columnsOf(tiles.length),
      timesMs: tiles.map(({ atMs }) => Math.max(0, Math.round(atMs))),
    };
    const { store, recordingId } = this.#recording;
    await store.overwriteBytes(
      storyboardKey(recordingId, (await this.#opened).part),
      encodeStoryboard({ layout, sprite }),
    );
  }
}

/** Undefined for one that is broken: it would be no picture. */
function copyOf(picture: KeyPicture): Keyframe | undefined {
  const isAlone = ifReadable(() => !refreshesDecoder(picture));
  if (isAlone === undefined) return undefined;
  return { description: picture.description, data: Buffer.from(picture.data), isAlone };
}
