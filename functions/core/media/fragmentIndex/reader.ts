import { MediaError } from '../types.ts';
import {
  FRAGMENT_INDEX_MAGIC,
  FRAGMENT_INDEX_VERSION,
  type FragmentIndex,
  type FragmentSpan,
  type FragmentTrack,
  INDEX_TICKS_PER_MS,
  INDEXED_CONTAINERS,
  type IndexedTrack,
  type RunPlace,
  type TablePlace,
} from './types.ts';
import { VarintReader } from './varint.ts';

/** No record has more; a damaged number is not allocated for. */
const TRACKS_MAX = 64;
const RUNS_MAX = 100_000;

/** @throws MediaError it is no index, or of another version */
export function readFragmentIndex(bytes: Buffer): FragmentIndex {
  const reader = new VarintReader(bytes);
  if (reader.bytes(4).toString('latin1') !== FRAGMENT_INDEX_MAGIC) throw new MediaError('this is no index');
  const version = reader.unsigned();
  if (version !== FRAGMENT_INDEX_VERSION) throw new MediaError(`version ${version} of an index is not known`);
  const container = INDEXED_CONTAINERS[reader.unsigned()];
  if (container === undefined) throw new MediaError('an index of an unknown container');
  const headBytes = reader.unsigned();
  const isMixed = reader.unsigned() === 1;
  const init = reader.bytes(reader.unsigned());
  const tracks = Array.from({ length: limited(reader.unsigned(), TRACKS_MAX) }, () => readTrack(reader));
  const count = reader.unsigned();
  const rest = reader.rest();
  return {
    container,
    headBytes,
    isMixed,
    init,
    tracks,
    fragments: () => readFragments(rest, headBytes, count, readTracks(tracks.length)),
    spans: () => readFragments(rest, headBytes, count, skipTracks(tracks.length)),
  };
}

function readTrack(reader: VarintReader): IndexedTrack {
  const id = reader.unsigned();
  const kind = reader.unsigned() === 1 ? 'audio' : 'video';
  const isWatched = reader.unsigned() === 1;
  const timescale = reader.unsigned();
  if (timescale === 0) throw new MediaError('a timescale is 0');
  const zeroTime = reader.unsigned();
  const samples = reader.unsigned();
  const table = (): TablePlace => ({ position: reader.unsigned(), entries: reader.unsigned() });
  const tables = { durations: table(), offsets: table(), syncSamples: table(), sizes: table() };
  return { id, kind, isWatched, timescale, zeroTime, samples, tables };
}

interface TrackPlace {
  sample: number;
  decodeEnd: number;
  durations: RunPlace;
  offsets: RunPlace;
  syncSamples: number;
}

type ReadTracks<Tracks> = (reader: VarintReader) => Tracks;

function* readFragments<Tracks>(
  fragments: Buffer,
  headBytes: number,
  count: number,
  tracksOf: ReadTracks<Tracks>,
): Generator<FragmentSpan & { readonly tracks: Tracks }> {
  const reader = new VarintReader(fragments);
  let offset = headBytes;
  let endTicks = 0;
  for (let i = 0; i < count; i++) {
    const packed = reader.unsigned();
    const bytes = Math.floor(packed / 4);
    const watchedBytes = packed % 4 >= 2 ? reader.unsigned() : bytes;
    if (watchedBytes > bytes) throw new MediaError('more of a fragment is watched than there is');
    const startTicks = endTicks + reader.signed();
    endTicks = startTicks + reader.unsigned();
    yield {
      offset,
      bytes,
      watchedBytes,
      keyframe: packed % 2 === 1,
      startMs: startTicks / INDEX_TICKS_PER_MS,
      endMs: endTicks / INDEX_TICKS_PER_MS,
      tracks: tracksOf(reader),
    };
    offset += bytes;
    if (!Number.isSafeInteger(offset)) throw new MediaError('the fragments are larger than any record');
  }
  if (!reader.isAtEnd) throw new MediaError('the index is longer than it says');
}

function readTracks(count: number): ReadTracks<readonly (FragmentTrack | undefined)[]> {
  const places: TrackPlace[] = Array.from({ length: count }, () => ({
    sample: 0,
    decodeEnd: 0,
    durations: { entry: 0, into: 0 },
    offsets: { entry: 0, into: 0 },
    syncSamples: 0,
  }));
  return (reader) => places.map((place) => readFragmentTrack(reader, place));
}

/** Of a track, besides its runs: times, the first offset, places in three tables. */
const NUMBERS_OF_TRACK = 8;
const NUMBERS_OF_RUN = 2;

function skipTracks(count: number): ReadTracks<undefined> {
  return (reader) => {
    for (let track = 0; track < count; track++) {
      const runs = limited(reader.unsigned(), RUNS_MAX);
      if (runs > 0) reader.skip(NUMBERS_OF_RUN * runs + NUMBERS_OF_TRACK);
    }
    return undefined;
  };
}

function readFragmentTrack(reader: VarintReader, place: TrackPlace): FragmentTrack | undefined {
  const count = limited(reader.unsigned(), RUNS_MAX);
  if (count === 0) return undefined;
  const runs: FragmentTrack['runs'][number][] = [];
  for (let i = 0; i < count; i++) runs.push({ samples: reader.unsigned(), dataOffset: reader.unsigned() });
  const samples = runs.reduce((sum, run) => sum + run.samples, 0);
  const decodeTime = place.decodeEnd + reader.signed();
  const duration = reader.unsigned();
  const firstOffset = reader.signed();
  place.durations = nextPlace(reader, place.durations);
  place.offsets = nextPlace(reader, place.offsets);
  place.syncSamples += reader.unsigned();
  const { sample, durations, offsets, syncSamples } = place;
  place.sample += samples;
  place.decodeEnd = decodeTime + duration;
  return { sample, samples, decodeTime, duration, firstOffset, durations, offsets, syncSamples, runs };
}

function nextPlace(reader: VarintReader, { entry }: RunPlace): RunPlace {
  return { entry: entry + reader.unsigned(), into: reader.unsigned() };
}

function limited(count: number, max: number): number {
  if (count > max) throw new MediaError(`an index claims ${count} of what there are ${max} at most`);
  return count;
}
