import {
  endOf,
  goneBackBy,
  isAlike,
  type Seam,
  type SegmentFacts,
} from '../../../functions/core/hls/seam.ts';
import type { RunCut } from './runCut.ts';

/**
 * The clock of sound in a playlist of its own, in one run: where another publisher begins anew, it may go back with a segment
 * while that of the pictures does so within one. Until theirs is cut, sound is compared with them where it would be if its
 * clock had not gone back.
 */
export class SoundClock {
  #backMs = 0;

  /**
   * A run begins.
   * @param before the last segment before that. @param next what it begins with
   * @param picturesMs what its pictures begin with, by their own time
   */
  begin(
    before: SegmentFacts | undefined,
    next: SegmentFacts | undefined,
    picturesMs: number | undefined,
  ): void {
    const isKnown = before !== undefined && next !== undefined && picturesMs !== undefined;
    this.#backMs = isKnown ? goneBackBy(before, next, picturesMs) : 0;
  }

  /**
   * Whether the clock goes back with a segment, and the run goes on: its pictures do, where sound would have.
   * @param before the last segment before that
   * @throws what the signal is aborted with
   */
  async goesBack(
    { facts, seam }: { readonly facts: SegmentFacts; readonly seam: Seam },
    before: SegmentFacts | undefined,
    cut: RunCut,
    signal: AbortSignal,
  ): Promise<boolean> {
    const endMs = before && endOf(before);
    if (before === undefined || endMs === undefined || facts.startMs === undefined) return false;
    const backMs = endMs - facts.startMs;
    const isItsOwn = !facts.isDiscontinuity && isAlike(before, facts);
    if (seam.kind !== 'newTimeline' || backMs <= 0 || !isItsOwn) return false;
    if (!(await cut.goesOnAt(this.besides({ ...facts, startMs: endMs }), signal))) return false;
    this.#backMs += backMs;
    return true;
  }

  /** Where a segment would be. */
  besides<T extends SegmentFacts | undefined>(facts: T): T {
    if (this.#backMs === 0 || facts?.startMs === undefined) return facts;
    return { ...facts, startMs: facts.startMs + this.#backMs };
  }
}
