import { MediaError } from '../types.ts';
import type { FragmentTrack, IndexedTrack, RunPlace, TablePlace } from './types.ts';

/** What a record's tables say of a sample. In the track's timescale. */
export interface IndexedSample {
  readonly duration: number;
  readonly bytes: number;
  readonly compositionOffset: number;
  readonly sync: boolean;
}

export type TableName = keyof IndexedTrack['tables'];
/** Bytes of the record, up to (not with) the end. */
export interface ByteRange {
  readonly fromByte: number;
  readonly endByte: number;
}

const RUN_BYTES = 8;
const NUMBER_BYTES = 4;

/**
 * Which bytes of the record tell of the samples from a fragment on.
 * @param end the track's first fragment that is not wanted; undefined: all of them are
 */
export function tableRanges(
  { tables, samples }: IndexedTrack,
  first: FragmentTrack,
  end: FragmentTrack | undefined,
): Readonly<Record<TableName, ByteRange>> {
  const entries = ({ position, entries: count }: TablePlace, bytes: number, from: number, to: number) => ({
    fromByte: position + bytes * Math.min(from, count),
    endByte: position + bytes * Math.min(to, count),
  });
  const runs = (table: TablePlace, from: RunPlace, to: RunPlace | undefined): ByteRange =>
    entries(table, RUN_BYTES, from.entry, to === undefined ? table.entries : to.entry + 1);
  const { durations, offsets, syncSamples, sizes } = tables;
  return {
    durations: runs(durations, first.durations, end?.durations),
    offsets: runs(offsets, first.offsets, end?.offsets),
    syncSamples: entries(
      syncSamples,
      NUMBER_BYTES,
      first.syncSamples,
      end?.syncSamples ?? syncSamples.entries,
    ),
    sizes: entries(sizes, NUMBER_BYTES, first.sample, end?.sample ?? samples),
  };
}

/**
 * The samples that these bytes of the tables tell of, one after the other.
 * @param first the fragment that they begin with
 * @throws MediaError the tables are shorter than there are sizes, or too short for them
 */
export function* readSamples(
  { tables }: IndexedTrack,
  first: FragmentTrack,
  bytes: Readonly<Record<TableName, Buffer>>,
): Generator<IndexedSample> {
  const durations = new RunReader(bytes.durations, first.durations.into);
  const offsets = new RunReader(bytes.offsets, first.offsets.into);
  const hasOffsets = tables.offsets.entries > 0;
  const isAllSync = tables.syncSamples.entries === 0;
  let syncAt = 0;
  for (let at = 0; at + NUMBER_BYTES <= bytes.sizes.length; at += NUMBER_BYTES) {
    const number = first.sample + at / NUMBER_BYTES + 1;
    const isListed =
      syncAt + NUMBER_BYTES <= bytes.syncSamples.length && bytes.syncSamples.readUInt32BE(syncAt) === number;
    if (isListed) syncAt += NUMBER_BYTES;
    yield {
      duration: durations.next() >>> 0,
      bytes: bytes.sizes.readUInt32BE(at),
      compositionOffset: hasOffsets ? offsets.next() : 0,
      sync: isAllSync || isListed,
    };
  }
}

/** Values of a table of runs: pairs of count and value. */
class RunReader {
  readonly #bytes: Buffer;
  #at = 0;
  #used: number;

  constructor(bytes: Buffer, used: number) {
    this.#bytes = bytes;
    this.#used = used;
  }

  next(): number {
    for (; this.#at + RUN_BYTES <= this.#bytes.length; this.#at += RUN_BYTES, this.#used = 0) {
      if (this.#used >= this.#bytes.readUInt32BE(this.#at)) continue;
      this.#used += 1;
      return this.#bytes.readInt32BE(this.#at + NUMBER_BYTES);
    }
    throw new MediaError('a table of the record is shorter than its index says');
  }
}
