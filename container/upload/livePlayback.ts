import { LiveNumbering, targetSeconds } from '../../functions/core/journal/liveNumbering.ts';
import { keptForPlaybackMs } from '../../functions/core/playback/liveWindow.ts';
import type { RecordingSettings } from '../../functions/core/settings/settings.ts';

/** Of one attempt: what the journal does so that it can be watched while it is recorded. */
export class LivePlayback {
  readonly targetMs: number;
  readonly numbering: LiveNumbering;
  readonly #keptMs: number;
  #watchedAtMs = Number.NEGATIVE_INFINITY;
  #isOver: boolean = false;

  private constructor({ liveWindowMs, maxLossMs }: Pick<RecordingSettings, 'liveWindowMs' | 'maxLossMs'>) {
    this.targetMs = 1000 * targetSeconds(maxLossMs);
    this.numbering = new LiveNumbering(this.targetMs);
    this.#keptMs = keptForPlaybackMs(liveWindowMs);
  }

  /** Undefined where nobody is to watch it. */
  static of(settings: Pick<RecordingSettings, 'liveWindowMs' | 'maxLossMs'>): LivePlayback | undefined {
    return settings.liveWindowMs === 0 ? undefined : new LivePlayback(settings);
  }

  /** Somebody asked for a list then. */
  watched(atMs: number): void {
    this.#watchedAtMs = Math.max(this.#watchedAtMs, atMs);
  }

  /** Somebody may have a list. */
  isWatched(nowMs: number): boolean {
    return nowMs - this.#watchedAtMs < this.#keptMs;
  }

  /** This attempt records nothing more. */
  end(): void {
    this.#isOver = true;
  }

  /** What was written then may be asked for: by whoever watches, or begins to. */
  keeps(writtenAtMs: number, nowMs: number): boolean {
    return nowMs - writtenAtMs < this.#keptMs && (!this.#isOver || this.isWatched(nowMs));
  }
}
