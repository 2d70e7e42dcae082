import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';

/** Picture and sound come in playlists of their own: where one of them is cut, the others are. */
export class RunCut {
  readonly #over = new AbortController();
  #at: { readonly atMs: number | undefined } | undefined;

  /** Aborts when what has the picture is over: nobody waits for more of the others. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** One of them ends here. @param last its last segment */
  cutAfter(last: SegmentFacts | undefined): void {
    this.#at ??= { atMs: last?.startMs === undefined ? undefined : last.startMs + last.durationMs };
  }

  end(): void {
    this.#over.abort();
  }

  /** The segment belongs to the next run. Those of the others are longer or shorter: the nearest end is theirs. */
  isBefore({ startMs, durationMs }: SegmentFacts): boolean {
    if (this.#at === undefined) return false;
    const { atMs } = this.#at;
    return atMs === undefined || startMs === undefined || startMs >= atMs - durationMs / 2;
  }
}
