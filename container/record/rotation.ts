import type { Fragment } from '../../functions/core/media/types.ts';
import { isRotated } from '../../functions/core/names/recordNames.ts';
import type { Job } from '../../functions/core/state/objects.ts';

/** Players and 32-bit times of others: no file is longer than a day. */
const PART_MAX_MS = 24 * 3_600_000;

/**
 * Each part that waits for S3 takes memory, a file for its index, and requests; while there are so many, the present one
 * grows instead.
 */
const UNFINISHED_MAX = 20;

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

  /**
   * @param next only a keyframe can begin a part
   * @param unfinished parts that S3 does not have whole, the present one included
   */
  isDue(part: PartSoFar, next: Fragment, unfinished: number): boolean {
    if (!next.keyframe) return false;
    const isTooLong = part.mustRoll || part.durationMs >= PART_MAX_MS;
    if (!isTooLong && (unfinished > UNFINISHED_MAX || !this.#isWanted(part))) return false;
    this.#asked = false;
    return true;
  }

  #isWanted(part: PartSoFar): boolean {
    if (this.#asked) return true;
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
