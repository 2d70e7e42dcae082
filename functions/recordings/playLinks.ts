import * as z from 'zod/mini';
import { readSecret } from '../aws/secrets.ts';
import type { PlayView } from '../core/api/views.ts';
import { linkToken, recordingOfToken } from '../core/playback/linkToken.ts';
import { NOT_PLAYABLE, playableOf } from '../core/playback/playable.ts';
import { VOD_PLAYLIST } from '../core/playback/vodPlaylist.ts';
import type { RecordingObjects } from '../core/state/fold.ts';

/** A link outlives what it plays by so long. */
const MARGIN_MS = 3_600_000;

const keySchema = z.object({ key: z.string().check(z.minLength(32)) });

/** Makes and reads the links by which one recording is played, by whoever has them. */
export class PlayLinks {
  readonly #secretArn: string;

  /** @param secretArn of a secret that is `{"key"}` */
  constructor(secretArn: string) {
    this.#secretArn = secretArn;
  }

  /**
   * What of a recording can be played, and where; undefined while it goes on.
   * @param origin of the API, as the caller reached it
   */
  async of(objects: RecordingObjects, origin: string, nowMs: number): Promise<PlayView | undefined> {
    const playable = playableOf(objects);
    if (playable === undefined) return undefined;
    if (playable.reason !== undefined)
      return { unavailable: { code: playable.reason, message: NOT_PLAYABLE[playable.reason] } };
    const durationMs = playable.parts.reduce((sum, { final }) => sum + final.durationMs, 0);
    const lastsMs = durationMs + MARGIN_MS;
    const token = linkToken(objects.job.recordingId, nowMs + lastsMs, await this.#key());
    return {
      hls: { url: `${origin}/play/${token}/${VOD_PLAYLIST}`, expiresInSeconds: Math.floor(lastsMs / 1000) },
    };
  }

  /** The recording that a link is for; undefined for one that is not ours, or past its time. */
  async recordingOf(token: string, nowMs: number): Promise<string | undefined> {
    return recordingOfToken(token, await this.#key(), nowMs);
  }

  /** The extension beside the function keeps it for 5 minutes. */
  async #key(): Promise<string> {
    return (await readSecret(this.#secretArn, keySchema)).key;
  }
}
