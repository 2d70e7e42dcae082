import type * as z from 'zod/mini';
import type { Clock, Launcher, ListingStore, RemovingStore } from '../../functions/core/protocol/ports.ts';

/** The Store port in memory, with hooks to fail or interleave at any call. */
export class MemoryStore implements ListingStore, RemovingStore {
  readonly objects = new Map<string, { readonly json: string; readonly etag: string }>();
  /** Called before each operation; may throw or write something in between. */
  before: (
    operation: 'read' | 'create' | 'replace' | 'overwrite' | 'remove' | 'list',
    key: string,
  ) => void | Promise<void> = () => undefined;
  #version = 0;

  async read<T>(key: string, schema: z.ZodMiniType<T>) {
    await this.before('read', key);
    const object = this.objects.get(key);
    return object === undefined
      ? undefined
      : { value: schema.parse(JSON.parse(object.json)), etag: object.etag };
  }

  async etag(key: string): Promise<string | undefined> {
    await this.before('read', key);
    return this.objects.get(key)?.etag;
  }

  async create(key: string, value: unknown): Promise<boolean> {
    await this.before('create', key);
    if (this.objects.has(key)) return false;
    this.put(key, value);
    return true;
  }

  async replace(key: string, value: unknown, etag: string): Promise<boolean> {
    await this.before('replace', key);
    if (this.objects.get(key)?.etag !== etag) return false;
    this.put(key, value);
    return true;
  }

  async overwrite(key: string, value: unknown): Promise<void> {
    await this.before('overwrite', key);
    this.put(key, value);
  }

  async remove(key: string, etag?: string): Promise<boolean> {
    await this.before('remove', key);
    const known = this.objects.get(key);
    if (known !== undefined && etag !== undefined && known.etag !== etag) return false;
    this.objects.delete(key);
    return true;
  }

  async list(prefix: string): Promise<string[]> {
    await this.before('list', prefix);
    return this.keys(prefix);
  }

  async listEntries(prefix: string) {
    return (await this.list(prefix)).map((key) => {
      const { etag = '', json = '' } = this.objects.get(key) ?? {};
      return { key, etag, bytes: json.length };
    });
  }

  put(key: string, value: unknown): void {
    this.#version += 1;
    this.objects.set(key, { json: JSON.stringify(value), etag: `"${this.#version}"` });
  }

  value<T>(key: string, schema: z.ZodMiniType<T>): T | undefined {
    const object = this.objects.get(key);
    return object === undefined ? undefined : schema.parse(JSON.parse(object.json));
  }

  keys(prefix: string): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** Remembers what was launched; throws what it is told to. */
export class RecordedLauncher implements Launcher {
  readonly launched: string[] = [];
  /** Those that were to be by themselves. */
  readonly apart: string[] = [];
  fails: (() => Error) | undefined;

  async run(recordingId: string, attempt: number, isApart = false): Promise<void> {
    if (this.fails !== undefined) throw this.fails();
    this.launched.push(`${recordingId}-${attempt}`);
    if (isApart) this.apart.push(`${recordingId}-${attempt}`);
  }
}

export class ManualClock implements Clock {
  timeMs = Date.UTC(2026, 0, 1);
  nowMs(): number {
    return this.timeMs;
  }
}
