import type { Logger } from '@aws-lambda-powertools/logger';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { MergePicture, MergePiece, MergePlan } from '../../functions/core/rooms/merge.ts';
import { restOfScene, type Scene, type SceneInput, scenesOf } from '../../functions/core/rooms/scenes.ts';
import { readOutputs } from '../source/outputs.ts';
import { pictureEncoderArguments, soundEncoderArguments } from './encoderArguments.ts';
import type { MergedRecord } from './mergedRecord.ts';
import { EncoderFfmpeg, type Ended, KILLED, SceneFfmpeg } from './mergeFfmpeg.ts';
import type { PieceServer } from './pieceServer.ts';
import { RawPipe } from './rawPipe.ts';
import { frameBytes, SAMPLE_BYTES, SOUND_RATE_HZ, sceneArguments } from './sceneArguments.ts';
import { unreadableInputs } from './unreadable.ts';

export interface CompositionOptions {
  readonly plan: MergePlan;
  /** Undefined: sound alone. */
  readonly picture: MergePicture | undefined;
  readonly ffmpegPath: string;
  readonly fontPath: string | undefined;
  readonly pieces: PieceServer;
  readonly record: Pick<MergedRecord, 'write'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  readonly onProgress: (share: number) => void;
  /** These records are not in it. */
  readonly onUnreadable: (pieces: readonly MergePiece[]) => void;
}

/** A record of the plan was deleted. */
export class RecordGoneError extends Error {
  override readonly name = 'RecordGoneError';
}

/** ffmpeg cannot, and could not the next time either. */
export class ComposerError extends Error {
  override readonly name = 'ComposerError';
}

/** Without a picture scenes are as long, and cut as finely. */
const SOUND_ALONE = { width: 2, height: 2, fps: 25 };
/** A scene that goes on after each try is tried so often without more to show for it. */
const TRIES_MAX = 2;
const QUIET_SAMPLES = 4_800;
const WAKE_MS = 1_000;

export function compositionOutputs(picture: MergePicture | undefined): TrackSource[][] {
  const sound: TrackSource[] = [{ kind: 'audio', codec: 'aac', isEncoded: true }];
  return picture === undefined ? [sound] : [[{ kind: 'video', codec: 'h264', isEncoded: false }], sound];
}

/**
 * A room as one picture and one sound: scene after scene by a run of ffmpeg of its own, whose raw pictures and sound go into
 * one encoder each for the whole time. So there is no seam in what comes out, and no more is open than whoever is there.
 */
export class Composition {
  readonly #options: CompositionOptions;
  readonly #fps: number;
  /** Records that ffmpeg cannot read. */
  readonly #unreadable = new Set<MergePiece>();

  constructor(options: CompositionOptions) {
    this.#options = options;
    this.#fps = options.picture?.fps ?? SOUND_ALONE.fps;
  }

  /** @throws RecordGoneError, ComposerError; what makes going on useless now */
  async run(): Promise<void> {
    const { picture, ffmpegPath: path, signal: asked } = this.#options;
    const failing = new AbortController();
    const signal = AbortSignal.any([asked, failing.signal]);
    const start = (args: readonly string[]): Promise<EncoderFfmpeg> =>
      EncoderFfmpeg.start({ path, arguments: args, signal });
    const encoders = await Promise.all([
      ...(picture === undefined ? [] : [start(pictureEncoderArguments(picture))]),
      start(soundEncoderArguments()),
    ]);
    const work = [
      this.#feed(encoders, signal),
      this.#record(encoders),
      ...encoders.map(({ ended }) => endedWell(ended)),
    ];
    try {
      await Promise.all(work);
    } catch (error) {
      failing.abort();
      const settled = await Promise.allSettled(work);
      asked.throwIfAborted();
      // Whoever writes to an encoder that has ended knows less than the encoder.
      const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      throw (
        reasons.find((reason) => reason instanceof RecordGoneError || reason instanceof ComposerError) ??
        error
      );
    }
  }

  async #record(encoders: readonly EncoderFfmpeg[]): Promise<void> {
    const { record } = this.#options;
    for await (const output of readOutputs(
      encoders.map(({ output }) => output),
      WAKE_MS,
    ))
      await record.write(output);
  }

  async #feed(encoders: readonly EncoderFfmpeg[], signal: AbortSignal): Promise<void> {
    const { plan, picture, onProgress } = this.#options;
    const [sound, pictures] = encoders.toReversed().map(({ input }) => input);
    if (sound === undefined) throw new Error('there is no encoder of sound');
    const pipes: Pipes = {
      sound: new RawPipe(sound, { bytes: SAMPLE_BYTES, filler: Buffer.alloc(QUIET_SAMPLES * SAMPLE_BYTES) }),
      pictures:
        picture &&
        pictures &&
        new RawPipe(pictures, { bytes: frameBytes(picture), filler: blackFrame(picture) }),
    };
    const scenes = scenesOf(plan, picture ?? SOUND_ALONE);
    const frames = scenes.reduce((sum, scene) => sum + scene.frames, 0);
    const timer = setInterval(() => onProgress(this.#doneFrames(pipes) / frames), WAKE_MS);
    try {
      for (const scene of scenes) await this.#scene(scene, pipes, signal);
    } finally {
      clearInterval(timer);
    }
    onProgress(1);
    pipes.pictures?.end();
    pipes.sound.end();
  }

  /** Shown so far: pictures where there are some. */
  #doneFrames({ pictures, sound }: Pipes): number {
    return pictures?.units ?? Math.floor((sound.units * this.#fps) / SOUND_RATE_HZ);
  }

  #samplesAt(frame: number): number {
    return Math.round((frame * SOUND_RATE_HZ) / this.#fps);
  }

  /** Until all of the scene is there: what ends too early goes on where it was, without what cannot be read. */
  async #scene(scene: Scene, pipes: Pipes, signal: AbortSignal): Promise<void> {
    const endFrame = scene.firstFrame + scene.frames;
    for (let tries = 1; ; tries += 1) {
      const before = this.#doneFrames(pipes);
      const rest = this.#readable(restOfScene(scene, before - scene.firstFrame, this.#fps));
      const ended = await this.#try(rest, pipes, signal);
      signal.throwIfAborted();
      this.#checkGone();
      const done = this.#doneFrames(pipes);
      const isWhole = done >= endFrame && pipes.sound.units >= this.#samplesAt(endFrame);
      if (isWhole) return;
      if (done > before) tries = 0;
      const blamed = await this.#unreadableOf(rest.inputs, signal);
      if (blamed > 0) tries = 0;
      else if (tries >= TRIES_MAX) throw new ComposerError(`ffmpeg ended with ${ended.code}: ${ended.said}`);
    }
  }

  /** One run of ffmpeg; what it gave is written when this settles, and both end at the same frame. */
  async #try(scene: Scene, pipes: Pipes, signal: AbortSignal): Promise<Ended> {
    const { picture, ffmpegPath: path, fontPath, pieces } = this.#options;
    const endFrame = scene.firstFrame + scene.frames;
    const [firstSample, endSample] = [this.#samplesAt(scene.firstFrame), this.#samplesAt(endFrame)];
    const args = sceneArguments({
      ...{ scene, picture, fontPath, samples: endSample - firstSample },
      urls: scene.inputs.map(({ piece }) => pieces.urlOf(piece)),
    });
    const run = new SceneFfmpeg({ path, arguments: args, signal });
    // Where a run ended too early, sound may be ahead of the pictures.
    const skipSamples = pipes.sound.units - firstSample;
    const [ended] = await Promise.all([
      run.ended,
      pipes.pictures?.take(run.pictures, endFrame),
      pipes.sound.take(run.sound, endSample, skipSamples),
    ]);
    const frames = this.#doneFrames(pipes);
    // What it was in the middle of.
    await pipes.pictures?.fill(frames);
    await pipes.sound.fill(this.#samplesAt(frames));
    return ended;
  }

  #readable(scene: Scene): Scene {
    return { ...scene, inputs: scene.inputs.filter(({ piece }) => !this.#unreadable.has(piece)) };
  }

  #checkGone(): void {
    const [gone] = this.#options.pieces.gone;
    if (gone !== undefined)
      throw new RecordGoneError(
        `part ${gone.part} of recording ${gone.recordingId} cannot be read in the library any more`,
      );
  }

  /** @returns how many more there are */
  async #unreadableOf(inputs: readonly SceneInput[], signal: AbortSignal): Promise<number> {
    const { ffmpegPath, pieces, log, onUnreadable } = this.#options;
    const found = await unreadableInputs(inputs, { ffmpegPath, pieces, signal });
    this.#checkGone();
    for (const { piece, said } of found) {
      this.#unreadable.add(piece);
      const { recordingId, part } = piece;
      log.warn('a record cannot be read, and is not in the merge', { partOf: recordingId, part, said });
    }
    if (found.length > 0) onUnreadable(found.map(({ piece }) => piece));
    return found.length;
  }
}

interface Pipes {
  readonly sound: RawPipe;
  readonly pictures: RawPipe | undefined;
}

async function endedWell(ended: Promise<Ended>): Promise<void> {
  const { code, said } = await ended;
  // By us, or where memory is short: another try may go well.
  if (code === KILLED) throw new Error('the encoder was killed');
  if (code !== 0) throw new ComposerError(`the encoder ended with ${code}: ${said}`);
}

/** In 4:2:0, of the range that televisions have. */
function blackFrame({ width, height }: MergePicture): Buffer {
  return Buffer.concat([Buffer.alloc(width * height, 16), Buffer.alloc((width * height) / 2, 128)]);
}
