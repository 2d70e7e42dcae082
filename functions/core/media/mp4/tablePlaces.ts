import type { IndexedTrack, TablePlace } from '../fragmentIndex/types.ts';
import type { Pieces } from '../pieces.ts';
import { BOX_HEADER_MAX_BYTES, readBoxHeader } from './boxes.ts';

export type TablePlaces = IndexedTrack['tables'];

const NONE: TablePlace = { position: 0, entries: 0 };
const CONTAINERS: ReadonlySet<string> = new Set(['moov', 'mdia', 'minf', 'stbl']);
/** Version and flags, then the number of entries; in stsz a common size comes before that. */
const TABLES: Readonly<Record<string, readonly [name: keyof TablePlaces, countAt: number]>> = {
  stts: ['durations', 4],
  ctts: ['offsets', 4],
  stss: ['syncSamples', 4],
  stsz: ['sizes', 8],
};

/** Where the tables of each track lie in an ordinary file's head, which may be too large to be in memory at once. */
export function tablePlaces(head: Pieces): TablePlaces[] {
  const bytes = new ForwardBytes(head);
  const found: { -readonly [K in keyof TablePlaces]: TablePlace }[] = [];
  for (let at = 0; at < head.bytes; ) {
    const header = readBoxHeader(bytes.peek(at, BOX_HEADER_MAX_BYTES));
    if (header === undefined || header.type === 'mdat') break;
    const body = at + header.headerBytes;
    if (header.type === 'trak')
      found.push({ durations: NONE, offsets: NONE, syncSamples: NONE, sizes: NONE });
    const table = TABLES[header.type];
    const track = found.at(-1);
    if (table !== undefined && track !== undefined) {
      const [name, countAt] = table;
      const entries = bytes.peek(body, countAt + 4).readUInt32BE(countAt);
      track[name] = { position: body + countAt + 4, entries };
    }
    at = CONTAINERS.has(header.type) || header.type === 'trak' ? body : at + header.bytes;
  }
  return found;
}

/** Looks at pieces from the first to the last, and keeps none that was passed. */
class ForwardBytes {
  readonly #pieces: Iterator<Buffer>;
  #kept: Buffer = Buffer.alloc(0);
  #keptAt = 0;

  constructor(source: Pieces) {
    this.#pieces = source.pieces()[Symbol.iterator]();
  }

  /** @param at never before that of an earlier call. @returns fewer bytes at the end */
  peek(at: number, count: number): Buffer {
    while (this.#keptAt + this.#kept.length < at + count) {
      const next = this.#pieces.next();
      if (next.done === true) break;
      const passed = Math.min(Math.max(0, at - this.#keptAt), this.#kept.length);
      this.#kept = Buffer.concat([this.#kept.subarray(passed), next.value]);
      this.#keptAt += passed;
    }
    return this.#kept.subarray(at - this.#keptAt, at - this.#keptAt + count);
  }
}
