import type { PageStore } from '../pages.ts';
import type { FragmentTimes, FragmentWriter, TrackSamples } from '../tracks/fragmentWriter.ts';
import type { TrackDescription } from '../tracks/sample.ts';
import type { PartMuxer } from '../types.ts';
import type { Mp4Fragment } from './fragment.ts';
import type { InitSegment, Track } from './initSegment.ts';
import type { Sample, TrackFragment } from './movieFragment.ts';
import { Mp4Muxer } from './muxer.ts';
import { newInitSegment } from './newInitSegment.ts';
import { watchedIds } from './watched.ts';

const SYNC = 0x200_0000;
const NON_SYNC = 0x101_0000;
const BASE_IS_MOOF = 0x2_0000;
const DEFAULT_FLAGS = 0x20;
const RUN_OFFSET_DURATION_SIZE = 0x301;
const RUN_FLAGS_COMPOSITION = 0xc00;

/**
 * Writes fragments of MP4: a moof and its mdat, one run for each track. Tracks that a player does not get have a moof of
 * their own behind it: one that knows a track, or does not know it, takes no fragment in which it is otherwise.
 */
export class Mp4FragmentWriter implements FragmentWriter {
  #descriptions: ReadonlyMap<number, TrackDescription> = new Map();
  #init: InitSegment = newInitSegment(this.#descriptions);
  #memory: Buffer = Buffer.alloc(0);
  #sequence = 0;

  /** @throws MediaError a codec that MP4 does not carry */
  write(tracks: readonly TrackSamples[], times: FragmentTimes): Mp4Fragment {
    const init = this.#initOf(tracks);
    const filled = tracks.filter(({ samples }) => samples.length > 0);
    const watched = watchedIds(init);
    const groups = [
      filled.filter(({ id }) => watched.has(id)),
      filled.filter(({ id }) => !watched.has(id)),
    ].filter((group) => group.length > 0);
    const bytes = this.#room(groups.reduce((sum, group) => sum + groupBytes(group), 0));
    const writer = new BoxWriter(bytes);
    const fragments = groups.flatMap((group) => this.#writeGroup(writer, init, group));
    const [first] = groups;
    const watchedBytes = groups.length > 1 && first !== undefined ? groupBytes(first) : undefined;
    return {
      ...times,
      bytes,
      init,
      tracks: fragments,
      ...(watchedBytes === undefined ? {} : { watchedBytes }),
    };
  }

  /** A moof and its mdat. */
  #writeGroup(writer: BoxWriter, init: InitSegment, group: readonly TrackSamples[]): TrackFragment[] {
    const moofAt = writer.at;
    const moofBytes = moofBytesOf(group);
    const mediaBytes = mediaBytesOf(group);
    this.#sequence += 1;
    writer.u32(moofBytes).type('moof').u32(16).type('mfhd').u32(0, this.#sequence);
    let dataOffset = moofBytes + 8;
    const fragments = group.map((samples) => {
      const track = init.tracks.find(({ id }) => id === samples.id) as Track;
      const fragment = writeTraf(writer, track, samples, dataOffset, moofAt);
      dataOffset += samples.bytes;
      return fragment;
    });
    writer.u32(8 + mediaBytes).type('mdat');
    for (const { samples } of group) for (const { data } of samples) writer.bytes(data);
    return fragments;
  }

  startPart(first: Mp4Fragment, pages: PageStore): PartMuxer {
    return new Mp4Muxer(first, pages, { fillsSilence: true });
  }

  #initOf(tracks: readonly TrackSamples[]): InitSegment {
    const isSame = ({ id, description }: TrackSamples): boolean => this.#descriptions.get(id) === description;
    if (tracks.length !== this.#descriptions.size || !tracks.every(isSame)) {
      this.#descriptions = new Map(tracks.map(({ id, description }) => [id, description]));
      this.#init = newInitSegment(this.#descriptions);
    }
    return this.#init;
  }

  /** Memory that is used again: a fragment is valid until the next one. */
  #room(bytes: number): Buffer {
    if (this.#memory.length < bytes) this.#memory = Buffer.allocUnsafeSlow(2 * bytes);
    return this.#memory.subarray(0, bytes);
  }
}

const moofBytesOf = (group: readonly TrackSamples[]): number =>
  8 + 16 + group.reduce((sum, track) => sum + trafBytes(track), 0);
const mediaBytesOf = (group: readonly TrackSamples[]): number =>
  group.reduce((sum, { bytes }) => sum + bytes, 0);
const groupBytes = (group: readonly TrackSamples[]): number => moofBytesOf(group) + 8 + mediaBytesOf(group);

const bytesOfSample = (isVideo: boolean): number => (isVideo ? 16 : 8);

function trafBytes({ description, samples }: TrackSamples): number {
  const isVideo = description.info.kind === 'video';
  return 8 + (isVideo ? 16 : 20) + 20 + 20 + samples.length * bytesOfSample(isVideo);
}

function writeTraf(
  writer: BoxWriter,
  track: Track,
  { samples }: TrackSamples,
  dataOffset: number,
  moofAt: number,
): TrackFragment {
  const isVideo = track.info.kind === 'video';
  const runBytes = 20 + samples.length * bytesOfSample(isVideo);
  const headerBytes = isVideo ? 16 : 20;
  writer.u32(8 + headerBytes + 20 + runBytes).type('traf');
  writer.u32(headerBytes).type('tfhd');
  // All of sound can be decoded at once.
  if (isVideo) writer.u32(BASE_IS_MOOF, track.id);
  else writer.u32(BASE_IS_MOOF | DEFAULT_FLAGS, track.id, SYNC);
  writer.u32(20).type('tfdt').u32(0x100_0000);
  const decodeTimeAt = writer.at;
  const decodeTime = samples[0]?.dts ?? 0;
  // The part's muxer writes it.
  writer.u32(0, 0);
  writer.u32(runBytes).type('trun');
  writer.u32(
    0x100_0000 | RUN_OFFSET_DURATION_SIZE | (isVideo ? RUN_FLAGS_COMPOSITION : 0),
    samples.length,
    dataOffset,
  );
  const durationsAt = { first: writer.at, everyBytes: bytesOfSample(isVideo) };
  const described: Sample[] = [];
  for (const { duration, data, keyframe, offset } of samples) {
    writer.word(duration).word(data.length);
    if (isVideo) writer.word(keyframe ? SYNC : NON_SYNC).word(offset);
    described.push({ duration, bytes: data.length, compositionOffset: offset, sync: keyframe || !isVideo });
  }
  const runs = [{ dataOffset: moofAt + dataOffset, samples: described }];
  return { track, decodeTime, decodeTimeAt, decodeTimeBytes: 8, durationsAt, runs };
}

/** Writes fields one after the other. */
class BoxWriter {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u32(...values: readonly number[]): this {
    for (const value of values) this.word(value);
    return this;
  }

  /** One alone, for which no array is made. */
  word(value: number): this {
    this.at = this.#bytes.writeUInt32BE(value >>> 0, this.at);
    return this;
  }

  type(name: string): this {
    this.at += this.#bytes.write(name, this.at, 'latin1');
    return this;
  }

  bytes(data: Buffer): this {
    this.at += data.copy(this.#bytes, this.at);
    return this;
  }
}
