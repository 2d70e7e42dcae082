import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { Entry } from './records.ts';

/**
 * An append-only file of JSON lines. A line is in the hands of the operating system when `append` returns, so what
 * was answered afterwards survives the death of the process. It is not synced to the disk: a power cut may lose it.
 */
export class Journal {
  readonly #file: string;
  #descriptor: number;
  #bytes: number;
  #sequence: number;

  private constructor(file: string, bytes: number, sequence: number) {
    this.#file = file;
    this.#descriptor = openSync(file, 'a');
    this.#bytes = bytes;
    this.#sequence = sequence;
  }

  /**
   * Replays every complete line. A last one without its end was never answered and is cut off.
   *
   * @throws Error when a line is not JSON, with its number
   */
  static open(file: string, replay: (entry: Entry) => void): { journal: Journal; lines: number } {
    const descriptor = openSync(file, 'a+');
    const content = readFileSync(descriptor);
    const bytes = content.lastIndexOf(0x0a) + 1;
    ftruncateSync(descriptor, bytes);
    closeSync(descriptor);
    let sequence = 0;
    let lines = 0;
    for (let start = 0; start < bytes; ) {
      const end = content.indexOf(0x0a, start);
      lines += 1;
      const line = parseLine(content.toString('utf8', start, end), file, lines);
      sequence = line.sequence;
      replay(line.entry);
      start = end + 1;
    }
    return { journal: new Journal(file, bytes, sequence), lines };
  }

  /** @returns the entry's number; later entries have greater ones, over restarts too */
  append(entry: Entry): number {
    const sequence = this.#sequence + 1;
    const line = Buffer.from(`${JSON.stringify({ sequence, entry })}\n`);
    try {
      writeAll(this.#descriptor, line);
    } catch (error) {
      // Half a line would make the next one unreadable.
      ftruncateSync(this.#descriptor, this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
    this.#sequence = sequence;
    return sequence;
  }

  /** Puts these entries in the place of all that were there, at once. */
  rewrite(entries: Iterable<Entry>): void {
    const next = `${this.#file}.next`;
    const descriptor = openSync(next, 'w');
    let bytes = 0;
    for (const entry of entries) {
      const line = Buffer.from(`${JSON.stringify({ sequence: this.#sequence, entry })}\n`);
      writeAll(descriptor, line);
      bytes += line.length;
    }
    closeSync(descriptor);
    renameSync(next, this.#file);
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#file, 'a');
    this.#bytes = bytes;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function parseLine(text: string, file: string, line: number): { sequence: number; entry: Entry } {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file}: line ${line} is not JSON`, { cause });
  }
}

function writeAll(descriptor: number, line: Buffer): void {
  for (let written = 0; written < line.length; ) written += writeSync(descriptor, line, written);
}
