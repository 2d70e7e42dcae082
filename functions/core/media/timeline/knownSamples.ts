/** What is recorded of one connection. */
export interface Run {
  /** What is added to the times of its samples; undefined: nothing of it is recorded. */
  zeroAtMs: number | undefined;
}

/** A sample that was recorded. */
export interface Known {
  /** Undefined: it was encoded. */
  readonly print: number | undefined;
  readonly run: Run;
  /** On the source's own timeline. */
  readonly timeMs: number;
  /** On the connection's, mended. */
  readonly placedMs: number;
}

/** Of each track, as many of its latest samples are known again: half a minute and more of what servers keep. */
const KEPT_MIN = 2_048;
/** They are moved together when there are so many: each costs next to nothing. */
const KEPT_MAX = 2 * KEPT_MIN;
const ROOM_AT_FIRST = 128;
/** Print, run, time and place. */
const FIELDS = 4;

/**
 * The latest samples of one track, the oldest first. Numbers in one block: as objects that live for a minute they were most
 * of what V8's collector had to move and to look through.
 */
export class KnownSamples {
  #fields = new Float64Array(ROOM_AT_FIRST * FIELDS);
  #length = 0;
  /** Of its samples, each with the number by which they have it. */
  readonly #runs = new Map<number, Run>();
  #run = 0;

  get length(): number {
    return this.#length;
  }

  push({ print, run, timeMs, placedMs }: Known): void {
    if (this.#length === KEPT_MAX) this.#moveTogether();
    if (this.#runs.get(this.#run) !== run) {
      this.#run += 1;
      this.#runs.set(this.#run, run);
    }
    const at = this.#length * FIELDS;
    if (at === this.#fields.length) this.#grow();
    this.#fields[at] = print ?? Number.NaN;
    this.#fields[at + 1] = this.#run;
    this.#fields[at + 2] = timeMs;
    this.#fields[at + 3] = placedMs;
    this.#length += 1;
  }

  /** As of arrays, from the end where it is negative. */
  at(place: number): Known | undefined {
    const at = (place < 0 ? place + this.#length : place) * FIELDS;
    const [print = Number.NaN, number = 0, timeMs = 0, placedMs = 0] = this.#fields.subarray(at, at + FIELDS);
    const run = at < this.#length * FIELDS ? this.#runs.get(number) : undefined;
    return run === undefined
      ? undefined
      : { print: Number.isNaN(print) ? undefined : print, run, timeMs, placedMs };
  }

  /** Places of those that look so. */
  alike(print: number): number[] {
    const places: number[] = [];
    for (let place = 0; place < this.#length; place++)
      if (this.#fields[place * FIELDS] === print) places.push(place);
    return places;
  }

  /** Those of which something is recorded, by themselves: what comes later is not among them. */
  recorded(): KnownSamples {
    const found = new KnownSamples();
    for (let place = 0; place < this.#length; place++) {
      const known = this.at(place);
      if (known?.run.zeroAtMs !== undefined) found.push(known);
    }
    return found;
  }

  #grow(): void {
    const more = new Float64Array(2 * this.#fields.length);
    more.set(this.#fields);
    this.#fields = more;
  }

  #moveTogether(): void {
    this.#fields.copyWithin(0, (this.#length - KEPT_MIN) * FIELDS);
    this.#length = KEPT_MIN;
    const oldest = this.#fields[1] ?? 0;
    for (const number of this.#runs.keys()) if (number < oldest) this.#runs.delete(number);
  }
}
