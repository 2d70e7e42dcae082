/** A value of a time that the API has told, epoch milliseconds. */
export interface Sample {
  readonly atMs: number;
}

/** As many as a graph has room for. */
const SAMPLES_MAX = 1_000;
const KEYS_MAX = 500;

/** What was told while the page was open: the API says how things are now. It takes no more memory the longer that is. */
export class History<T extends Sample> {
  readonly #samples = new Map<string, readonly T[]>();

  /** What was told before is told once. */
  note(key: string, sample: T): void {
    const known = this.#samples.get(key) ?? [];
    const last = known.at(-1);
    if (last !== undefined && last.atMs >= sample.atMs) return;
    // As long as before, with every second one: what is older has no more need of its detail than what is new.
    const kept = known.length < SAMPLES_MAX ? known : known.filter((_, index) => index % 2 === 0);
    this.#samples.delete(key);
    this.#samples.set(key, [...kept, sample]);
    const [oldest] = this.#samples.keys();
    if (this.#samples.size > KEYS_MAX && oldest !== undefined) this.#samples.delete(oldest);
  }

  /** In the order of time. */
  of(key: string): readonly T[] {
    return this.#samples.get(key) ?? [];
  }
}
