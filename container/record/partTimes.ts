import type { Fragment, PartMuxer } from '../../functions/core/media/types.ts';
import { FileEnd } from './fileEnd.ts';
import type { RunJoin } from './inputTimeline.ts';
import { type Gap, type Resumption, resumption } from './resumption.ts';

/** Where a part's fragments are by the wall clock, in epoch milliseconds, and what is missing between them. */
export class PartTimes {
  readonly end: FileEnd;
  readonly gaps: Gap[] = [];
  readonly #muxer: Pick<PartMuxer, 'resume' | 'summary'>;
  readonly #beganAtMs: number;
  /** Wall clock of the present run's media time zero. */
  #zeroAtMs: number;

  /** @param zeroAtMs wall clock of the first run's media time zero */
  constructor(muxer: Pick<PartMuxer, 'resume' | 'summary'>, zeroAtMs: number) {
    this.#muxer = muxer;
    this.#zeroAtMs = zeroAtMs;
    this.#beganAtMs = zeroAtMs + muxer.summary.startMs;
    this.end = new FileEnd(this.#beganAtMs);
  }

  /** A fragment has been added. */
  take(fragment: Fragment): void {
    this.end.take(fragment, this.#zeroAtMs);
  }

  /**
   * ffmpeg was started again: goes on in this file where it can, with a gap.
   * @param atMs wall clock of the fragment's first frame
   * @returns how much later than that it is in the file; undefined: another part must begin
   */
  resume(first: Fragment, atMs: number, joins: RunJoin): Pick<Resumption, 'movedMs'> | undefined {
    const resumed = resumption(first, atMs, joins, this.#muxer.summary.durationMs, this.end);
    if (!this.#muxer.resume(first, resumed.positionMs)) return undefined;
    if (resumed.gap !== undefined) this.gaps.push(resumed.gap);
    this.#zeroAtMs = this.#beganAtMs + resumed.positionMs - first.startMs;
    return resumed;
  }

  /** The source was away while it stayed connected. @param atMs wall clock of what came last before */
  addGap(atMs: number, durationMs: number): void {
    const positionMs = atMs - this.#beganAtMs;
    this.gaps.push({ atMs: Math.max(0, Math.round(positionMs)), durationMs: Math.round(durationMs) });
  }
}
