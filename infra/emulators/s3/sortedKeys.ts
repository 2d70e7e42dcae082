import { compareUtf8 } from './text.ts';

/** A map whose keys are kept in UTF-8 binary order. Sorted when it is first read, then kept so on each insertion. */
export class SortedMap<Value> {
  readonly #values = new Map<string, Value>();
  #keys: string[] | undefined;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    const isNew = !this.#values.has(key);
    this.#values.set(key, value);
    if (isNew && this.#keys !== undefined) this.#keys.splice(firstAtLeast(this.#keys, key), 0, key);
  }

  delete(key: string): void {
    if (!this.#values.delete(key) || this.#keys === undefined) return;
    this.#keys.splice(firstAtLeast(this.#keys, key), 1);
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  /** The first key that is not before `bound` (or, when exclusive, the first after it). */
  firstKey(bound: string, exclusive: boolean): string | undefined {
    this.#keys ??= [...this.#values.keys()].sort(compareUtf8);
    const index = firstAtLeast(this.#keys, bound);
    return this.#keys[exclusive && this.#keys[index] === bound ? index + 1 : index];
  }

  /**
   * The first key that comes after every key with this prefix.
   *
   * @param prefix not empty
   */
  firstKeyPastPrefix(prefix: string): string | undefined {
    this.#keys ??= [...this.#values.keys()].sort(compareUtf8);
    const keys = this.#keys;
    return keys[partitionPoint(keys, (key) => key.startsWith(prefix) || compareUtf8(key, prefix) < 0)];
  }
}

function firstAtLeast(keys: readonly string[], bound: string): number {
  return partitionPoint(keys, (key) => compareUtf8(key, bound) < 0);
}

/** How many at the beginning satisfy it, where all that do come first. */
function partitionPoint(keys: readonly string[], holds: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(keys[middle] ?? '')) low = middle + 1;
    else high = middle;
  }
  return low;
}
