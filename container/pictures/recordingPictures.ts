import { StateStore } from '../../functions/aws/stateStore.ts';
import { type PictureSettings, wantsPictures } from '../../functions/core/settings/pictures.ts';
import type { AttemptContext } from '../attempt/context.ts';
import { CannotMakePictures } from './pictureFfmpeg.ts';
import type { PictureMaking } from './pictureMaker.ts';

/** Keyframes that wait for a storyboard are decoded at least so often. */
const BATCH_EVERY_MS = 120_000;
/** After so many failures in a row none is made any more of this recording. */
const FAILURES_MAX = 3;

type PictureContext = Pick<AttemptContext, 'job' | 's3' | 'store' | 'pictures' | 'clock' | 'log'>;

/** The pictures of one attempt: what its parts have in common. */
export class RecordingPictures {
  readonly settings: PictureSettings;
  readonly recordingId: string;
  readonly maker: PictureMaking;
  /** One try each: a picture is not waited for. */
  readonly store: StateStore;
  readonly #context: PictureContext;
  #latestAtMs: number;
  #batchAtMs: number;
  #hasMade: boolean = false;
  #failures = 0;

  /** Undefined where none are wanted. */
  static of(context: PictureContext): RecordingPictures | undefined {
    return wantsPictures(context.job.settings.pictures) ? new RecordingPictures(context) : undefined;
  }

  private constructor(context: PictureContext) {
    const { job, s3, store, pictures, clock } = context;
    this.#context = context;
    this.settings = job.settings.pictures;
    this.recordingId = job.recordingId;
    this.maker = pictures;
    this.store = new StateStore(s3, store.bucket);
    this.#latestAtMs = clock.nowMs();
    this.#batchAtMs = this.#latestAtMs;
  }

  /** Nothing has been made of it yet. */
  get isFirst(): boolean {
    return !this.#hasMade;
  }

  get isLatestDue(): boolean {
    const { latestEveryMs } = this.settings;
    return latestEveryMs > 0 && this.#context.clock.nowMs() - this.#latestAtMs >= latestEveryMs;
  }

  get isBatchDue(): boolean {
    return this.#context.clock.nowMs() - this.#batchAtMs >= BATCH_EVERY_MS;
  }

  /** None is tried any more. */
  get hasGivenUp(): boolean {
    return this.#failures >= FAILURES_MAX;
  }

  /** A batch is being made. */
  begin(withLatest: boolean): void {
    this.#hasMade = true;
    this.#batchAtMs = this.#context.clock.nowMs();
    if (withLatest) this.#latestAtMs = this.#batchAtMs;
  }

  /** What was not foreseen of pictures is no matter of the recording: it is said, and no more are tried. */
  readonly failed = (error: unknown): void => {
    this.#failures = FAILURES_MAX;
    this.#tell(error);
  };

  /** What does not work is said, and looked past. */
  async tryTo(make: () => Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.hasGivenUp) return;
    try {
      await make();
      this.#failures = 0;
    } catch (error) {
      this.#failures += error instanceof CannotMakePictures ? FAILURES_MAX : 1;
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    this.#context.log.warn(
      this.hasGivenUp ? 'pictures cannot be made of this recording' : 'pictures were not made',
      { error: error as Error },
    );
  }
}
