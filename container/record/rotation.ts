import type { Fragment } from '../../functions/core/media/types.ts';
import { isRotated } from '../../functions/core/names/recordNames.ts';
import type { Job } from '../../functions/core/state/objects.ts';

/** Players and 32-bit times of others: no file is longer than a day. */
const PART_MAX_MS = 24 * 3_600_000;

/** What is known of the part that is being recorded. */
export interface PartSoFar {
  readonly durationMs: number;
  readonly bytes: number;
  readonly mustRoll: boolean;
}

/** Decides, between two fragments, whether the next one begins a new part. */
export class Rotation {
  readonly #job: Job;
  #asked: boolean = false;

  constructor(job: Job) {
    this.#job = job;
  }

  /** A new part is to begin at the next keyframe. */
  ask(): void {
    this.#asked = true;
  }

  /** @param next only a keyframe can begin a part */
  isDue(part: PartSoFar, next: Fragment): boolean {
    if (!next.keyframe) return false;
    if (!this.#asked && !this.#isLimitMet(part)) return false;
    this.#asked = false;
    return true;
  }

  #isLimitMet(part: PartSoFar): boolean {
    if (part.mustRoll || part.durationMs >= PART_MAX_MS) return true;
    if (!isRotated(this.#job)) return false;
    const { rotation } = this.#job.settings;
    switch (rotation.kind) {
      case 'time':
        return part.durationMs >= rotation.everyMs;
      case 'size':
        return part.bytes >= rotation.everyBytes;
      case 'none':
        return false;
    }
  }
}
