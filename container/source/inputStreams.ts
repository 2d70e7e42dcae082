import type { FoundSource } from '../../functions/core/settings/selectTracks.ts';
import { type SoundInputs, StreamListing } from './streamListing.ts';

/**
 * Reads the streams of its inputs out of ffmpeg's info lines; tells when the list is complete, which is before ffmpeg
 * writes anything. So the codecs are known without a probe of their own, which would cost a second connection.
 */
export class InputStreams {
  readonly #listing: StreamListing;
  #durationMs = 0;
  #demuxer = '';
  #state: 'before' | 'inside' | 'complete' = 'before';

  /** @param sounds which of ffmpeg's inputs sound comes from */
  constructor(sounds?: SoundInputs) {
    this.#listing = new StreamListing(sounds);
  }

  /** How long the source says it is; 0 when it does not say so. A live stream may say so, too. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** ffmpeg's name of the input's format, such as `flv` or `mov,mp4,m4a,3gp,3g2,mj2`. */
  get demuxer(): string {
    return this.#demuxer;
  }

  /** As far as ffmpeg has listed them; undefined when it has not opened its input. */
  get listed(): FoundSource | undefined {
    return this.#state === 'before' ? undefined : this.#listing;
  }

  /** @returns the streams, at the line that completes the list */
  read(line: string): FoundSource | undefined {
    if (this.#state === 'complete') return undefined;
    if (line.startsWith('Input #0')) {
      this.#state = 'inside';
      this.#demuxer = /^Input #0, ([a-z0-9_,]+),/.exec(line)?.[1] ?? '';
      return undefined;
    }
    if (this.#state === 'before') return undefined;
    if (/^(Stream mapping:|Output #0)/.test(line)) {
      this.#state = 'complete';
      return this.#listing;
    }
    const duration = /^\s*Duration: (\d+):(\d+):(\d+\.\d+)/.exec(line);
    if (duration !== null) {
      const [hours = 0, minutes = 0, seconds = 0] = duration.slice(1).map(Number);
      this.#durationMs = 1_000 * (3_600 * hours + 60 * minutes + seconds);
    }
    this.#listing.read(line);
    return undefined;
  }
}
