const CORRECTED = /Non-monoton(?:ous|ic) DTS.*?previous: (-?\d+), current: (-?\d+); changing to (-?\d+)/;

/** A packet or two may come with the time of the one before; that is jitter. */
const PACKETS_IN_A_ROW = 5;

/**
 * Notices that a source's times have jumped back while its connection stayed: nginx and others keep their players when
 * a publisher goes, and give them the next one's stream, which begins at zero. ffmpeg then puts packet after packet one
 * tick behind the one before, and says so each time.
 */
export class TimelineJumps {
  /** By the time that a packet was given: how many of its stream were corrected in a row. */
  #rows = new Map<string, number>();

  /** @returns whether the source's times have jumped back */
  read(line: string): boolean {
    const [, previous = '', , given = ''] = CORRECTED.exec(line) ?? [];
    if (given === '') return false;
    const row = (this.#rows.get(previous) ?? 0) + 1;
    this.#rows.delete(previous);
    this.#rows.set(given, row);
    // A row that nothing has continued for a while is over.
    if (this.#rows.size > ROWS_KEPT) this.#rows = new Map([...this.#rows].slice(-ROWS_KEPT));
    return row >= PACKETS_IN_A_ROW;
  }
}

/** Streams of all of ffmpeg's outputs together. */
const ROWS_KEPT = 8;
