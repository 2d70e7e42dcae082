import type { StateStore } from '../../functions/aws/stateStore.ts';
import { embeddedMetrics } from '../../functions/core/metrics/embeddedMetrics.ts';
import { attemptKey } from '../../functions/core/state/keys.ts';
import type { Progress } from '../../functions/core/state/objects.ts';

/** Of the whole attempt, at one moment. */
export interface Measure {
  readonly part: number;
  readonly bytes: number;
  readonly uploadedBytes: number;
  readonly durationMs: number;
  readonly videoFrames: number;
  readonly spoolBytes: number;
  /** Age of what would be lost if the task were killed now. */
  readonly tailAgeMs: number;
  /** Since when pictures come of which none can be decoded yet, in epoch milliseconds. */
  readonly waitsForKeyframeSinceMs?: number | undefined;
}

/** Turns measures into heartbeats: bit rate and frame rate are those since the one before; of the first, those of what was recorded. */
export class Heartbeat {
  readonly #attempt: number;
  #last: { readonly atMs: number; readonly measure: Measure } | undefined;

  constructor(attempt: number) {
    this.#attempt = attempt;
  }

  /** @param atMs epoch milliseconds */
  beat(atMs: number, measure: Measure): Progress {
    const seconds = (this.#last === undefined ? measure.durationMs : atMs - this.#last.atMs) / 1000;
    const rate = (now: number, before: number | undefined): number =>
      seconds > 0 ? Math.max(0, now - (before ?? 0)) / seconds : 0;
    const { videoFrames, waitsForKeyframeSinceMs, ...shown } = measure;
    const progress: Progress = {
      attempt: this.#attempt,
      atMs,
      ...shown,
      durationMs: Math.round(measure.durationMs),
      bitrateBps: Math.round(8 * rate(measure.bytes, this.#last?.measure.bytes)),
      fps: Math.round(10 * rate(videoFrames, this.#last?.measure.videoFrames)) / 10,
      ...(waitsForKeyframeSinceMs === undefined ? {} : { waitsForKeyframeSinceMs }),
    };
    this.#last = { atMs, measure };
    return progress;
  }
}

/** Says how the attempt goes to those who ask. */
export type TellProgress = (progress: Progress) => Promise<void>;

/** In an object of its own: the way of a recorder that runs alone. */
export const progressInState =
  (store: StateStore, recordingId: string): TellProgress =>
  (progress) =>
    store.overwrite(attemptKey(recordingId, progress.attempt, 'progress'), progress);

/** A heartbeat as metrics: of all recorders together, the worst and the sum tell how they are. */
export function progressMetrics(progress: Progress): Record<string, unknown> {
  return embeddedMetrics('recorder', progress.atMs, {
    'recorder.bitrateBps': { value: progress.bitrateBps, unit: 'Bits/Second' },
    'recorder.fps': { value: progress.fps, unit: 'Count/Second' },
    'recorder.tailAgeMs': { value: progress.tailAgeMs, unit: 'Milliseconds' },
    'recorder.spoolBytes': { value: progress.spoolBytes, unit: 'Bytes' },
  });
}
