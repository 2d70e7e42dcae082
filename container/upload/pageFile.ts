import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { PageStore } from '../../functions/core/media/pages.ts';

/** Pages of a part's index on the task's disk; the file is made with the first one. */
export class PageFile implements PageStore {
  readonly #file: string;
  readonly #pages: { readonly at: number; readonly bytes: number }[] = [];
  #descriptor: number | undefined;
  #bytes = 0;

  constructor(file: string) {
    this.#file = file;
  }

  write(page: Buffer): number {
    this.#descriptor ??= openSync(this.#file, 'wx+');
    for (let written = 0; written < page.length; ) {
      written += writeSync(this.#descriptor, page, written, page.length - written, this.#bytes + written);
    }
    this.#pages.push({ at: this.#bytes, bytes: page.length });
    this.#bytes += page.length;
    return this.#pages.length - 1;
  }

  read(page: number): Buffer {
    const place = this.#pages[page];
    if (this.#descriptor === undefined || place === undefined)
      throw new RangeError(`there is no page ${page}`);
    const bytes = Buffer.allocUnsafeSlow(place.bytes);
    for (let read = 0; read < place.bytes; ) {
      const more = readSync(this.#descriptor, bytes, read, place.bytes - read, place.at + read);
      if (more === 0) throw new Error(`${this.#file} ends ${place.bytes - read} bytes too early`);
      read += more;
    }
    return bytes;
  }

  /** Gives the disk back. */
  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(this.#file, { force: true });
  }
}
