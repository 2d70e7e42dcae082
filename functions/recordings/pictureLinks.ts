import type {
  PartPicturesView,
  PicturesView,
  RecordingPicturesView,
  RecordingSummary,
  RecordLink,
} from '../core/api/views.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { latestPictureKey, posterKey } from '../core/state/keys.ts';
import type { LinkTo } from './links.ts';

/** Links are the same for so long. */
const POSTER_KEPT_MS = 30 * 60_000;
const LATEST_KEPT_MS = 60_000;

interface StoryboardLinks {
  readonly recording: RecordLink;
  ofPart(part: number): RecordLink;
}

/** Links to pictures. */
export class PictureLinks {
  readonly #linkTo: LinkTo;
  readonly #landing: string;

  /** @param landing bucket, where pictures lie as their recorder made them */
  constructor(linkTo: LinkTo, landing: string) {
    this.#linkTo = linkTo;
    this.#landing = landing;
  }

  /** Of a recording in a list; undefined where there are none. */
  ofSummary(summary: RecordingSummary): PicturesView | undefined {
    const { job, outcome, posterPart, hasLatestPicture } = summary;
    const { recordingId } = job;
    const hasLatest = hasLatestPicture && outcome === undefined;
    return this.#view({ recordingId, posterPart, hasLatest });
  }

  /** @param parts which are shown. @param storyboards how they are reached */
  of(
    objects: RecordingObjects,
    parts: readonly number[],
    storyboards: StoryboardLinks,
  ): RecordingPicturesView {
    const all = [...objects.parts].sort(([a], [b]) => a - b);
    const posterPart = all.find(([, { hasPoster }]) => hasPoster)?.[0];
    const hasLatest = objects.hasLatestPicture === true && objects.outcome === undefined;
    const { recordingId } = objects.job;
    const hasStoryboard =
      objects.outcome !== undefined && all.some(([, { moved }]) => moved?.pictures?.storyboard !== undefined);
    const recording = this.#view({ recordingId, posterPart, hasLatest });
    const shown = new Map<number, PartPicturesView>();
    for (const part of parts) {
      const view = this.#partView(objects, part, storyboards);
      if (view !== undefined) shown.set(part, view);
    }
    return {
      recording: hasStoryboard ? { ...recording, storyboard: storyboards.recording } : recording,
      parts: shown,
    };
  }

  #view({
    recordingId,
    posterPart,
    hasLatest,
  }: {
    readonly recordingId: string;
    readonly posterPart: number | undefined;
    readonly hasLatest: boolean;
  }): PicturesView | undefined {
    if (posterPart === undefined && !hasLatest) return undefined;
    const inLanding = (key: string, keptMs: number): RecordLink =>
      this.#linkTo({ as: 'picture', bucket: this.#landing, key }, keptMs);
    return {
      ...(posterPart === undefined
        ? {}
        : { poster: inLanding(posterKey(recordingId, posterPart), POSTER_KEPT_MS) }),
      ...(hasLatest ? { latest: inLanding(latestPictureKey(recordingId), LATEST_KEPT_MS) } : {}),
    };
  }

  #partView(
    objects: RecordingObjects,
    part: number,
    storyboards: StoryboardLinks,
  ): PartPicturesView | undefined {
    const { moved } = objects.parts.get(part) ?? {};
    const { poster, storyboard } = moved?.pictures ?? {};
    if (moved === undefined || (poster === undefined && storyboard === undefined)) return undefined;
    return {
      ...(poster === undefined
        ? {}
        : {
            poster: {
              key: poster.key,
              ...this.#linkTo({ as: 'picture', bucket: moved.bucket, ...poster }, POSTER_KEPT_MS),
            },
          }),
      ...(storyboard === undefined
        ? {}
        : {
            storyboard: {
              ...(storyboard.list === undefined ? {} : { key: storyboard.list.key }),
              spriteKey: storyboard.sprite.key,
              ...storyboards.ofPart(part),
            },
          }),
    };
  }
}
