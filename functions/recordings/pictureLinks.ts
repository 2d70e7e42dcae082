import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type {
  PartPicturesView,
  PicturesView,
  RecordingPicturesView,
  RecordingSummary,
  RecordLink,
} from '../core/api/views.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { latestPictureKey, posterKey } from '../core/state/keys.ts';

const EXPIRES_SECONDS = 3600;
/**
 * Links are the same for so long: whoever asks again and again, such as a page, does not load the same picture each time.
 * They are good for what is left of the hour.
 */
const POSTER_KEPT_MS = 30 * 60_000;
const LATEST_KEPT_MS = 60_000;

interface StoryboardLinks {
  readonly recording: RecordLink;
  ofPart(part: number): RecordLink;
}

interface Where {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

/** Links to pictures. Signing is arithmetic: no request is made for a link. */
export class PictureLinks {
  readonly #s3: S3Client;
  readonly #landing: string;

  /** @param landing bucket, where pictures lie as their recorder made them */
  constructor(s3: S3Client, landing: string) {
    this.#s3 = s3;
    this.#landing = landing;
  }

  /** Of a recording in a list; undefined where there are none. */
  async ofSummary(summary: RecordingSummary, nowMs: number): Promise<PicturesView | undefined> {
    const { job, outcome, posterPart, hasLatestPicture } = summary;
    const { recordingId } = job;
    const hasLatest = hasLatestPicture && outcome === undefined;
    return this.#view({ recordingId, posterPart, hasLatest }, nowMs);
  }

  /** @param parts which are shown. @param storyboards how they are reached */
  async of(
    objects: RecordingObjects,
    parts: readonly number[],
    storyboards: StoryboardLinks,
    nowMs: number,
  ): Promise<RecordingPicturesView> {
    const all = [...objects.parts].sort(([a], [b]) => a - b);
    const posterPart = all.find(([, { hasPoster }]) => hasPoster)?.[0];
    const hasLatest = objects.hasLatestPicture === true && objects.outcome === undefined;
    const { recordingId } = objects.job;
    const hasStoryboard =
      objects.outcome !== undefined && all.some(([, { moved }]) => moved?.pictures?.storyboard !== undefined);
    const recording = await this.#view({ recordingId, posterPart, hasLatest }, nowMs);
    const shown = new Map<number, PartPicturesView>();
    for (const part of parts) {
      const view = await this.#partView(objects, part, storyboards, nowMs);
      if (view !== undefined) shown.set(part, view);
    }
    return {
      recording: hasStoryboard ? { ...recording, storyboard: storyboards.recording } : recording,
      parts: shown,
    };
  }

  async #view(
    facts: {
      readonly recordingId: string;
      readonly posterPart: number | undefined;
      readonly hasLatest: boolean;
    },
    nowMs: number,
  ): Promise<PicturesView | undefined> {
    const { recordingId, posterPart, hasLatest } = facts;
    if (posterPart === undefined && !hasLatest) return undefined;
    const inLanding = (Key: string): Where => ({ Bucket: this.#landing, Key });
    return {
      ...(posterPart === undefined
        ? {}
        : { poster: await this.#sign(inLanding(posterKey(recordingId, posterPart)), nowMs, POSTER_KEPT_MS) }),
      ...(hasLatest
        ? { latest: await this.#sign(inLanding(latestPictureKey(recordingId)), nowMs, LATEST_KEPT_MS) }
        : {}),
    };
  }

  async #partView(
    objects: RecordingObjects,
    part: number,
    storyboards: StoryboardLinks,
    nowMs: number,
  ): Promise<PartPicturesView | undefined> {
    const { moved } = objects.parts.get(part) ?? {};
    const { poster, storyboard } = moved?.pictures ?? {};
    if (moved === undefined || (poster === undefined && storyboard === undefined)) return undefined;
    const inLibrary = { Bucket: moved.bucket, Key: poster?.key ?? '', VersionId: poster?.versionId };
    return {
      ...(poster === undefined
        ? {}
        : { poster: { key: poster.key, ...(await this.#sign(inLibrary, nowMs, POSTER_KEPT_MS)) } }),
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

  async #sign(where: Where, nowMs: number, keptMs: number): Promise<RecordLink> {
    const signedAtMs = Math.floor(nowMs / keptMs) * keptMs;
    const command = new GetObjectCommand({ ...where, ResponseContentType: 'image/jpeg' });
    const url = await getSignedUrl(this.#s3, command, {
      expiresIn: EXPIRES_SECONDS,
      signingDate: new Date(signedAtMs),
    });
    return { url, expiresInSeconds: Math.floor(EXPIRES_SECONDS - (nowMs - signedAtMs) / 1000) };
  }
}
