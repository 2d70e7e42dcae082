import type * as z from 'zod/mini';
import type { ListedEntry, Store } from '../core/protocol/ports.ts';

/** What takes more is read again: the list of S3 parts of a long file. */
const OBJECT_MAX_BYTES = 16 * 1024;
/** Of JSON; a day rotated by the minute has some 5 MiB. */
const ALL_MAX_BYTES = 24 * 1024 * 1024;

interface Kept {
  readonly etag: string;
  readonly value: unknown;
  readonly bytes: number;
}

/**
 * State objects that a warm function has read, good for as long as a listing has the same ETag: whoever looks at a recording
 * again and again costs a LIST and what has changed, not three requests for each of its parts.
 */
export class Remembered {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** Undefined when it is gone. @param schema always the same for a key */
  async read<T>(
    store: Store,
    { key, etag, bytes }: ListedEntry,
    schema: z.ZodMiniType<T>,
  ): Promise<T | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.etag === etag) return kept.value as T;
    const found = await store.read(key, schema);
    this.#forget(key);
    if (found !== undefined && bytes <= OBJECT_MAX_BYTES) this.#keep(key, { ...found, bytes });
    return found?.value;
  }

  #keep(key: string, one: Kept): void {
    if (this.#bytes + one.bytes > ALL_MAX_BYTES) {
      this.#kept.clear();
      this.#bytes = 0;
    }
    this.#kept.set(key, one);
    this.#bytes += one.bytes;
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}
