import { AwakeTimer, type TimersWithClock } from '../attempt/awakeTimer.ts';
import type { KeyframeWait } from './live/receiving.ts';

export interface OpeningLimitOptions {
  readonly limitMs: number;
  /** How long ffmpeg has waited for a CPU since it began, in ms. */
  readonly starvedMs: () => number;
  /** While more and more pictures wait for a keyframe the source is there. */
  readonly keyframeWait?: (() => KeyframeWait | undefined) | undefined;
  /** Called once. */
  readonly onOver: () => void;
  readonly timers?: TimersWithClock | undefined;
}

/** ffmpeg waits for so little on any machine. */
const STARVED_MIN_MS = 100;

/**
 * How long a run of ffmpeg may take to its first packet, by what the source is to blame for: on a machine that is busy
 * ffmpeg itself may take as long to come up and to look at what was sent.
 */
export class OpeningLimit {
  readonly #options: OpeningLimitOptions;
  #timer: AwakeTimer;
  #withheld = 0;
  #grantedMs = 0;

  constructor(options: OpeningLimitOptions) {
    this.#options = options;
    this.#timer = this.#wait(options.limitMs);
  }

  clear(): void {
    this.#timer.clear();
  }

  #wait(ms: number): AwakeTimer {
    return new AwakeTimer(() => this.#lookAgain(), ms, this.#options.timers);
  }

  #lookAgain(): void {
    const { limitMs, starvedMs, keyframeWait, onOver } = this.#options;
    const pictures = keyframeWait?.()?.pictures ?? 0;
    const missedMs = starvedMs() - this.#grantedMs;
    if (pictures > this.#withheld) {
      this.#withheld = pictures;
      this.#timer = this.#wait(limitMs);
    } else if (missedMs >= STARVED_MIN_MS) {
      this.#grantedMs += missedMs;
      this.#timer = this.#wait(missedMs);
    } else onOver();
  }
}
