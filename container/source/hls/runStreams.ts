import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';
import { isLookedAt } from '../../../functions/core/media/live/runCutter.ts';

/** MPEG's counter has so much left where a run begins (`shiftOf`), and an hour more. */
const LONGEST_MS = 12 * 60 * 60 * 1_000;

/**
 * Which streams of its program a run has been given: ffmpeg follows none that was announced and has not come while it
 * looked for tracks (a camera, or a microphone, that is switched on later). Another run is to begin with such a one. Sound of
 * fragmented MP4 it follows by its configuration alone.
 */
export class RunStreams {
  readonly #begun = new Set<number>();
  #givenMs = 0;

  begin(): void {
    this.#begun.clear();
    this.#givenMs = 0;
  }

  /** The run is given the segment. */
  add({ begun, durationMs }: Pick<SegmentFacts, 'begun' | 'durationMs'>): void {
    for (const [pid, afterMs] of begun ?? [])
      if (isLookedAt(this.#givenMs + afterMs, 0)) this.#begun.add(pid);
    this.#givenMs += durationMs;
  }

  /** It has been given so much of a transport stream that its counter would come to an end within it. */
  isLong({ kind }: Pick<SegmentFacts, 'kind'>): boolean {
    return kind === 'ts' && this.#givenMs >= LONGEST_MS;
  }

  /** The segment has a stream that ffmpeg would not follow, in the midst of it perhaps, and another run may. */
  lacks({ begun }: Pick<SegmentFacts, 'begun'>): boolean {
    return [...(begun ?? [])].some(
      ([pid, afterMs]) => !this.#begun.has(pid) && !isLookedAt(this.#givenMs + afterMs, 0),
    );
  }
}
