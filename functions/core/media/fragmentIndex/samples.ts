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

/** The samples that these bytes of the tables tell of, one after the other: it is the one that was read last. */
export class SampleReader implements IndexedSample {
  duration = 0;
  bytes = 0;
  compositionOffset = 0;
  sync = false;
  readonly #sizes: Buffer;
  readonly #syncSamples: Buffer;
  readonly #durations: RunReader;
  readonly #offsets: RunReader | undefined;
  readonly #isAllSync: boolean;
  #number: number;
  #sizeAt = 0;
  #syncAt = 0;

  /** @param first the fragment that they begin with */
  constructor(
    { tables }: IndexedTrack,
    first: FragmentTrack,
    { durations, offsets, syncSamples, sizes }: Readonly<Record<TableName, Buffer>>,
  ) {
    this.#sizes = sizes;
    this.#syncSamples = syncSamples;
    this.#durations = new RunReader(durations, first.durations.into);
    if (tables.offsets.entries > 0) this.#offsets = new RunReader(offsets, first.offsets.into);
    this.#isAllSync = tables.syncSamples.entries === 0;
    this.#number = first.sample;
  }

  /** @returns false: there are no more. @throws MediaError the tables are shorter than there are sizes, or too short for them */
  next(): boolean {
    if (this.#sizeAt + NUMBER_BYTES > this.#sizes.length) return false;
    this.#number += 1;
    const isListed =
      this.#syncAt + NUMBER_BYTES <= this.#syncSamples.length &&
      this.#syncSamples.readUInt32BE(this.#syncAt) === this.#number;
    if (isListed) this.#syncAt += NUMBER_BYTES;
    this.duration = this.#durations.next() >>> 0;
    this.bytes = this.#sizes.readUInt32BE(this.#sizeAt);
    this.compositionOffset = this.#offsets?.next() ?? 0;
    this.sync = this.#isAllSync || isListed;
    this.#sizeAt += NUMBER_BYTES;
    return true;
  }
}

/** Values of a table of runs: pairs of count and value. */
class RunReader {
  readonly #bytes: Buffer;
  #at = 0;
  #used: number;
  /** Of the present pair. */
  #left = 0;
  #value = 0;

  constructor(bytes: Buffer, used: number) {
    this.#bytes = bytes;
    this.#used = used;
  }

  next(): number {
    while (this.#left <= 0) {
      if (this.#at + RUN_BYTES > this.#bytes.length)
        throw new MediaError('a table of the record is shorter than its index says');
      this.#left = this.#bytes.readUInt32BE(this.#at) - this.#used;
      this.#value = this.#bytes.readInt32BE(this.#at + NUMBER_BYTES);
      this.#at += RUN_BYTES;
      this.#used = 0;
    }
    this.#left -= 1;
    return this.#value;
  }
}
