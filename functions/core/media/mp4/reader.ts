import { ByteQueue } from '../byteQueue.ts';
import type { PageStore } from '../pages.ts';
import { MediaError, type PartMuxer } from '../types.ts';
import { BOX_HEADER_MAX_BYTES, type BoxHeader, boxesIn, readBoxHeader } from './boxes.ts';
import type { Mp4Fragment } from './fragment.ts';
import { type InitSegment, parseInitSegment } from './initSegment.ts';
import { parseMovieFragment, type TrackFragment } from './movieFragment.ts';
import { Mp4Muxer } from './muxer.ts';

/** What is kept in memory until it is whole: a fragment of 1 s at 2 Gbit/s. More is damage, not media. */
const BOX_MAX_BYTES = 256 * 1024 * 1024;

/** Reads a fragmented MP4: ftyp, moov, then moof and mdat in turn. */
export class Mp4Reader {
  readonly #queue = new ByteQueue();
  #ftyp: Buffer | undefined;
  #init: InitSegment | undefined;
  #headBytes = 0;
  /** Of a box that is of no use and not all here yet. */
  #skipBytes = 0;

  /** Bytes that were received and belong to no complete fragment yet. */
  get danglingBytes(): number {
    return this.#queue.length;
  }

  /** Bytes before the first fragment. */
  get headBytes(): number {
    return this.#headBytes;
  }

  /**
   * Takes any chunk of the file, in order; gives the fragments that it completed, valid until the next one.
   * @throws MediaError the bytes are not of the format
   */
  push(chunk: Buffer): Mp4Fragment[] {
    this.#queue.push(chunk);
    const fragments: Mp4Fragment[] = [];
    while (this.#step(fragments));
    return fragments;
  }

  startPart(first: Mp4Fragment, pages: PageStore): PartMuxer {
    return new Mp4Muxer(first, pages, { fillsSilence: false });
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
        // There is one moov; a second one would describe other samples.
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

  /** Filler before a fragment is a part of it. */
  #stepFragment(moofHeader: BoxHeader, fragments: Mp4Fragment[]): boolean {
    if (this.#init === undefined) throw new MediaError('a fragment comes before the moov');
    let bytes = 0;
    for (let moof: BoxHeader | undefined = moofHeader, isFiller = true; isFiller; ) {
      if (moof?.type !== 'moof') return this.#isUnknown(moof, 'filler');
      if (this.#queue.length < bytes + moof.bytes) return false;
      const mdat = this.#headerAt(bytes + moof.bytes);
      if (mdat?.type !== 'mdat') return this.#isUnknown(mdat, 'a moof');
      const tracks = parseMovieFragment(this.#queue.peek(bytes, moof.bytes), this.#init);
      isFiller = tracks.length > 0 && tracks.every((track) => track.isFiller === true);
      bytes += moof.bytes + mdat.bytes;
      if (this.#queue.length < bytes) return false;
      if (isFiller) moof = this.#headerAt(bytes);
    }
    const fragment = toFragment(this.#queue.take(bytes), this.#init);
    fragments.push(fragment);
    return true;
  }

  /** False where the box is not here yet. @throws MediaError it is another one */
  #isUnknown(header: BoxHeader | undefined, before: string): false {
    if (header !== undefined) throw new MediaError(`${before} is followed by ${header.type}`);
    return false;
  }

  #headerAt(at: number): BoxHeader | undefined {
    const header = readBoxHeader(this.#queue.peek(at, BOX_HEADER_MAX_BYTES));
    if (header !== undefined && header.bytes > BOX_MAX_BYTES) {
      throw new MediaError(`a ${JSON.stringify(header.type)} box claims ${header.bytes} bytes`);
    }
    return header;
  }
}

function toFragment(bytes: Buffer, init: InitSegment): Mp4Fragment {
  const tracks = tracksIn(bytes, init);
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const { track, decodeTime, runs, isFiller } of tracks) {
    let time = decodeTime;
    for (const { samples } of isFiller === true ? [] : runs) {
      for (const { duration, compositionOffset } of samples) {
        const shownMs = ((time + compositionOffset) / track.timescale + track.shiftSeconds) * 1000;
        startMs = Math.min(startMs, shownMs);
        endMs = Math.max(endMs, shownMs + (duration / track.timescale) * 1000);
        time += duration;
      }
    }
  }
  if (endMs === Number.NEGATIVE_INFINITY) throw new MediaError('a fragment has no samples');
  // What lies before the zero of the edit lists is an encoder's priming: decoded, not shown.
  return {
    bytes,
    startMs: Math.max(0, startMs),
    endMs,
    keyframe: startsWithKeyframe(tracks, init),
    init,
    tracks,
  };
}

/** What all moofs tell of, each of which is followed by its mdat. @throws MediaError */
function tracksIn(bytes: Buffer, init: InitSegment): TrackFragment[] {
  const boxes = boxesIn(bytes);
  return boxes.flatMap((moof, place) => {
    if (moof.type !== 'moof') return [];
    const mdat = boxes[place + 1];
    const from = moof.offset + moof.bytes.length;
    const to = from + (mdat?.bytes.length ?? 0);
    return parseMovieFragment(moof.bytes, init).map((traf) => ({
      ...traf,
      decodeTimeAt: moof.offset + traf.decodeTimeAt,
      runs: traf.runs.map((run) => {
        const dataOffset = moof.offset + run.dataOffset;
        const end = run.samples.reduce((sum, sample) => sum + sample.bytes, dataOffset);
        if (dataOffset < from || end > to) throw new MediaError('samples lie outside of their mdat');
        return { ...run, dataOffset };
      }),
    }));
  });
}

function startsWithKeyframe(tracks: readonly TrackFragment[], init: InitSegment): boolean {
  if (init.tracks.every(({ info }) => info.kind === 'audio')) return true;
  const video = tracks.filter(({ track }) => track.info.kind === 'video');
  return video.length > 0 && video.every(({ runs }) => runs[0]?.samples[0]?.sync === true);
}
