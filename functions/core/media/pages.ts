import type { Pieces } from './pieces.ts';

/**
 * Where the pages of an index are kept until it is written: on the disk of a recorder, which may record for a day, in
 * the memory of a function. Not asynchronous: pages are small and few (a day has some 2,300), and go to the system's page cache.
 */
export interface PageStore {
  /** Keeps a copy of the bytes. @returns what to read them by. @throws the disk's own error */
  write(page: Buffer): number;
  /** @throws the disk's own error */
  read(page: number): Buffer;
}

export class MemoryPages implements PageStore {
  readonly #pages: Buffer[] = [];

  write(page: Buffer): number {
    return this.#pages.push(Buffer.from(page)) - 1;
  }

  read(page: number): Buffer {
    const found = this.#pages[page];
    if (found === undefined) throw new RangeError(`there is no page ${page}`);
    return found;
  }
}

/** A multiple of every entry's length (4, 8, 12 and 16 bytes), so that none lies in two pages. */
const PAGE_BYTES = 24 * 1024;

/**
 * A table that grows at its end, and is read when it does not any more: big-endian numbers, of which only the last page is
 * in memory.
 */
export class PagedTable implements Pieces {
  readonly #store: PageStore;
  readonly #written: number[] = [];
  #page: Buffer | undefined;
  #filledBytes = 0;

  constructor(store: PageStore) {
    this.#store = store;
  }

  get bytes(): number {
    return this.#written.length * PAGE_BYTES + this.#filledBytes;
  }

  u32(value: number): this {
    const page = this.#pageFor(4);
    page.writeUInt32BE(value, this.#filledBytes);
    this.#filledBytes += 4;
    return this;
  }

  u64(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32);
  }

  *pieces(): Iterable<Buffer> {
    for (const page of this.#written) yield this.#store.read(page);
    if (this.#page !== undefined) yield this.#page.subarray(0, this.#filledBytes);
  }

  #pageFor(bytes: number): Buffer {
    this.#page ??= Buffer.allocUnsafeSlow(PAGE_BYTES);
    if (this.#filledBytes + bytes > PAGE_BYTES) {
      this.#written.push(this.#store.write(this.#page));
      this.#filledBytes = 0;
    }
    return this.#page;
  }
}

/** Bytes that grow at their end, and are read when they do not any more, of which only the last page is in memory. */
export class PagedBytes implements Pieces {
  readonly #store: PageStore;
  readonly #written: number[] = [];
  readonly #page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  #filledBytes = 0;

  constructor(store: PageStore) {
    this.#store = store;
  }

  get bytes(): number {
    return this.#written.length * PAGE_BYTES + this.#filledBytes;
  }

  push(bytes: readonly number[]): void {
    for (const byte of bytes) {
      if (this.#filledBytes === PAGE_BYTES) {
        this.#written.push(this.#store.write(this.#page));
        this.#filledBytes = 0;
      }
      this.#page[this.#filledBytes] = byte;
      this.#filledBytes += 1;
    }
  }

  *pieces(): Iterable<Buffer> {
    for (const page of this.#written) yield this.#store.read(page);
    yield this.#page.subarray(0, this.#filledBytes);
  }
}
