import { ByteQueue } from '../byteQueue.ts';
import type { PageStore } from '../pages.ts';
import { type FragmentReader, MediaError, type PartMuxer } from '../types.ts';
import { BOX_HEADER_MAX_BYTES, type BoxHeader, readBoxHeader } from './boxes.ts';
import { currentInit } from './changedInitSegment.ts';
import type { Mp4Fragment } from './fragment.ts';
import { type InitSegment, parseInitSegment } from './initSegment.ts';
import { parseMovieFragment, type TrackFragment } from './movieFragment.ts';
import { Mp4Muxer } from './muxer.ts';

/** What is kept in memory until it is whole: a fragment of 1 s at 2 Gbit/s. More is damage, not media. */
const BOX_MAX_BYTES = 256 * 1024 * 1024;

/** Reads the fragmented MP4 that ffmpeg writes: ftyp, moov, then moof and mdat in turn. */
export class Mp4Reader implements FragmentReader {
  readonly #queue = new ByteQueue();
  #ftyp: Buffer | undefined;
  #init: InitSegment | undefined;
  #headBytes = 0;
  /** Of a box that is of no use and not all here yet. */
  #skipBytes = 0;

  get danglingBytes(): number {
    return this.#queue.length;
  }

  /** Bytes before the first fragment. */
  get headBytes(): number {
    return this.#headBytes;
  }

  push(chunk: Buffer): Mp4Fragment[] {
    this.#queue.push(chunk);
    const fragments: Mp4Fragment[] = [];
    while (this.#step(fragments));
    return fragments;
  }

  end(): Mp4Fragment[] {
    return [];
  }

  startPart(first: Mp4Fragment, pages: PageStore): PartMuxer {
    return new Mp4Muxer(first, pages);
  }

  /** Reads one top-level box, or a moof with its mdat; false while it is not whole. */
  #step(fragments: Mp4Fragment[]): boolean {
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, this.#queue.length);
      this.#queue.take(skipped);
      this.#skipBytes -= skipped;
      return this.#skipBytes === 0;
    }
    const header = this.#headerAt(0);
    if (header === undefined) return false;
    switch (header.type) {
      case 'moof':
        return this.#stepFragment(header, fragments);
      case 'ftyp':
      case 'moov': {
        if (this.#queue.length < header.bytes) return false;
        const bytes = Buffer.from(this.#queue.take(header.bytes));
        this.#headBytes += bytes.length;
        if (header.type === 'ftyp') this.#ftyp = bytes;
        else if (this.#ftyp === undefined) throw new MediaError('the moov comes before the ftyp');
        // ffmpeg writes one moov; a second one would describe other samples.
        else if (this.#init !== undefined) throw new MediaError('there is a second moov');
        else this.#init = parseInitSegment(this.#ftyp, bytes);
        return true;
      }
      case 'mdat':
        throw new MediaError('an mdat comes without its moof');
      default:
        // sidx, styp, mfra, free: an index of the file as it was, wrong in the file that we make.
        this.#skipBytes = header.bytes;
        return true;
    }
  }

  #stepFragment(moofHeader: BoxHeader, fragments: Mp4Fragment[]): boolean {
    if (this.#init === undefined) throw new MediaError('a fragment comes before the moov');
    if (this.#queue.length < moofHeader.bytes) return false;
    const mdatHeader = this.#headerAt(moofHeader.bytes);
    if (mdatHeader === undefined) return false;
    if (mdatHeader.type !== 'mdat') throw new MediaError(`a moof is followed by ${mdatHeader.type}`);
    const bytes = moofHeader.bytes + mdatHeader.bytes;
    if (this.#queue.length < bytes) return false;
    const fragment = toFragment(this.#queue.take(bytes), moofHeader.bytes, this.#init);
    this.#init = fragment.init;
    fragments.push(fragment);
    return true;
  }

  #headerAt(at: number): BoxHeader | undefined {
    const header = readBoxHeader(this.#queue.peek(at, BOX_HEADER_MAX_BYTES));
    if (header !== undefined && header.bytes > BOX_MAX_BYTES) {
      throw new MediaError(`a ${JSON.stringify(header.type)} box claims ${header.bytes} bytes`);
    }
    return header;
  }
}

function toFragment(bytes: Buffer, moofBytes: number, init: InitSegment): Mp4Fragment {
  const fragment = describe(bytes, moofBytes, init);
  if (!fragment.keyframe) return fragment;
  const current = currentInit(init, fragment);
  return current === init ? fragment : describe(bytes, moofBytes, current);
}

function describe(bytes: Buffer, moofBytes: number, init: InitSegment): Mp4Fragment {
  const tracks = parseMovieFragment(bytes.subarray(0, moofBytes), init);
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const { track, decodeTime, runs } of tracks) {
    let time = decodeTime;
    for (const { dataOffset, samples } of runs) {
      let end = dataOffset;
      for (const { duration, compositionOffset, bytes: sampleBytes } of samples) {
        const shownMs = ((time + compositionOffset) / track.timescale + track.shiftSeconds) * 1000;
        startMs = Math.min(startMs, shownMs);
        endMs = Math.max(endMs, shownMs + (duration / track.timescale) * 1000);
        time += duration;
        end += sampleBytes;
      }
      if (dataOffset < moofBytes || end > bytes.length)
        throw new MediaError('samples lie outside of their mdat');
    }
  }
  if (tracks.length === 0) throw new MediaError('a fragment has no samples');
  // What lies before the zero of ffmpeg's edit lists is an encoder's priming: decoded, not shown.
  return {
    bytes,
    startMs: Math.max(0, startMs),
    endMs,
    keyframe: startsWithKeyframe(tracks, init),
    init,
    tracks,
  };
}

function startsWithKeyframe(tracks: readonly TrackFragment[], init: InitSegment): boolean {
  if (init.tracks.every(({ info }) => info.kind === 'audio')) return true;
  const video = tracks.filter(({ track }) => track.info.kind === 'video');
  return video.length > 0 && video.every(({ runs }) => runs[0]?.samples[0]?.sync === true);
}
