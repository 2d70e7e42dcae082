import { readLinkKey } from '../aws/linkKey.ts';
import type { PlayView, RecordLink } from '../core/api/views.ts';
import { linkToken, recordingOfToken } from '../core/playback/linkToken.ts';
import { STREAM_PLAYLIST } from '../core/playback/livePlaylist.ts';
import { livePlayable, NOT_PLAYABLE, playableOf } from '../core/playback/playable.ts';
import { partStoryboardName, STORYBOARD } from '../core/playback/storyboardNames.ts';
import { VOD_PLAYLIST } from '../core/playback/vodPlaylist.ts';
import type { RecordingObjects } from '../core/state/fold.ts';

/** A link outlives what it plays by so long. */
const MARGIN_MS = 3_600_000;

/** Of a recording that goes on; a page asks for another one by then. */
const LIVE_LINK_MAX_MS = 24 * 3_600_000;

/** Makes and reads the links by which one recording is played, by whoever has them. */
export class PlayLinks {
  readonly #secretArn: string;

  /** @param secretArn of a secret that is `{"key"}` */
  constructor(secretArn: string) {
    this.#secretArn = secretArn;
  }

  /**
   * What of a recording can be played, and where; undefined where nothing can be yet.
   * @param origin of the API, as the caller reached it
   */
  async of(objects: RecordingObjects, origin: string, nowMs: number): Promise<PlayView | undefined> {
    const playable = playableOf(objects);
    const isLive = playable === undefined;
    const reason = isLive ? livePlayable(objects) : playable.reason;
    if (reason === 'not yet') return undefined;
    if (reason !== undefined) return { unavailable: { code: reason, message: NOT_PLAYABLE[reason] } };
    const durationMs = isLive
      ? liveMs(objects, nowMs)
      : playable.parts.reduce((sum, { final }) => sum + final.durationMs, 0);
    const linkTo = await this.#linkTo(objects, durationMs, origin, nowMs);
    return { hls: { ...linkTo(isLive ? STREAM_PLAYLIST : VOD_PLAYLIST), live: isLive } };
  }

  /** Where the small pictures of a recording, and of each part of it, are named. */
  async storyboards(
    objects: RecordingObjects,
    origin: string,
    nowMs: number,
  ): Promise<{ readonly recording: RecordLink; ofPart(part: number): RecordLink }> {
    const parts = [...objects.parts.values()];
    const durationMs = parts.reduce((sum, { final }) => sum + (final?.durationMs ?? 0), 0);
    const linkTo = await this.#linkTo(objects, durationMs, origin, nowMs);
    return { recording: linkTo(STORYBOARD), ofPart: (part) => linkTo(partStoryboardName(part)) };
  }

  async #linkTo(
    { job }: RecordingObjects,
    durationMs: number,
    origin: string,
    nowMs: number,
  ): Promise<(file: string) => RecordLink> {
    const lastsMs = durationMs + MARGIN_MS;
    const token = linkToken(job.recordingId, nowMs + lastsMs, await readLinkKey(this.#secretArn));
    return (file) => ({
      url: `${origin}/play/${token}/${file}`,
      expiresInSeconds: Math.floor(lastsMs / 1000),
    });
  }

  /** The recording that a link is for; undefined for one that is not ours, or past its time. */
  async recordingOf(token: string, nowMs: number): Promise<string | undefined> {
    return recordingOfToken(token, await readLinkKey(this.#secretArn), nowMs);
  }
}

/** As long as it may still record, as far as that is foreseen. */
function liveMs({ job }: RecordingObjects, nowMs: number): number {
  const endsAtMs = job.requestedAtMs + (job.settings.maxDurationMs ?? Number.POSITIVE_INFINITY);
  return Math.min(LIVE_LINK_MAX_MS, Math.max(0, endsAtMs - nowMs));
}
