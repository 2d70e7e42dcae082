import { ByteQueue } from '../byteQueue.ts';
import { type Fragment, type FragmentReader, MediaError, type PartMuxer } from '../types.ts';
import {
  ELEMENT_HEADER_MAX_BYTES,
  type Element,
  type ElementHeader,
  elementsIn,
  findElement,
  ID,
  readElementHeader,
  readUint,
  readVint,
} from './ebml.ts';
import { type MatroskaHeader, type MatroskaTrack, parseHeader } from './header.ts';
import { MatroskaMuxer } from './muxer.ts';
import { currentHeader } from './parameters.ts';

/** A cluster. */
export interface MatroskaFragment extends Fragment {
  /** What describes its frames: ffmpeg's header, or one of ours where the parameters have changed since. */
  readonly header: MatroskaHeader;
  /** The cluster's own time, in units of the segment, and where it stands in the bytes. */
  readonly timestamp: number;
  readonly timestampAt: number;
  readonly timestampBytes: number;
  /** Where the cluster's elements begin. */
  readonly dataAt: number;
  readonly videoFrames: number;
}

/** More is damage, not media. */
const ELEMENT_MAX_BYTES = 256 * 1024 * 1024;
const KEYFRAME = 0x80;

/** Reads the WebM or Matroska that ffmpeg writes to a pipe: a segment of unknown size, clusters of known size. */
export class MatroskaReader implements FragmentReader {
  readonly #queue = new ByteQueue();
  readonly #elements: Element[] = [];
  #ebml: Buffer | undefined;
  #inSegment: boolean = false;
  #header: MatroskaHeader | undefined;
  #skipBytes = 0;

  get danglingBytes(): number {
    return this.#queue.length;
  }

  push(chunk: Buffer): MatroskaFragment[] {
    this.#queue.push(chunk);
    const fragments: MatroskaFragment[] = [];
    while (this.#step(fragments));
    return fragments;
  }

  end(): MatroskaFragment[] {
    return [];
  }

  startPart(first: MatroskaFragment): PartMuxer {
    return new MatroskaMuxer(first);
  }

  #step(fragments: MatroskaFragment[]): boolean {
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, this.#queue.length);
      this.#queue.take(skipped);
      this.#skipBytes -= skipped;
      return this.#skipBytes === 0;
    }
    const header = readElementHeader(this.#queue.peek(0, ELEMENT_HEADER_MAX_BYTES));
    if (header === undefined) return false;
    return this.#inSegment ? this.#stepSegment(header, fragments) : this.#stepTop(header);
  }

  #stepTop(header: ElementHeader): boolean {
    if (header.id === ID.segment) {
      if (this.#ebml === undefined) throw new MediaError('the segment comes before the EBML header');
      this.#queue.take(header.headerBytes);
      this.#inSegment = true;
      return true;
    }
    if (header.id !== ID.ebml) throw new MediaError('this is not EBML');
    const bytes = this.#takeWhole(header);
    if (bytes === undefined) return false;
    this.#ebml = bytes;
    return true;
  }

  #stepSegment(header: ElementHeader, fragments: MatroskaFragment[]): boolean {
    switch (header.id) {
      case ID.cluster: {
        const bytes = this.#takeWhole(header);
        if (bytes === undefined) return false;
        this.#header ??= parseHeader(this.#ebml as Buffer, this.#elements);
        const fragment = toFragment(bytes, header.headerBytes, this.#header);
        if (fragment === undefined) return true;
        this.#header = fragment.header;
        fragments.push(fragment);
        return true;
      }
      case ID.info:
      case ID.tracks:
      case ID.tags: {
        const bytes = this.#takeWhole(header);
        if (bytes === undefined) return false;
        // Tags at the end repeat what is known.
        if (this.#header === undefined) this.#elements.push(...elementsIn(bytes));
        return true;
      }
      case ID.seekHead:
      case ID.cues:
      case ID.void:
        // An index of the file as it was; wrong in the file that we make.
        this.#skipBytes = header.headerBytes + this.#known(header);
        return true;
      default:
        throw new MediaError(`the segment has an unknown element ${header.id.toString(16)}`);
    }
  }

  #takeWhole(header: ElementHeader): Buffer | undefined {
    const bytes = header.headerBytes + this.#known(header);
    return this.#queue.length < bytes ? undefined : this.#queue.take(bytes);
  }

  #known({ id, dataBytes }: ElementHeader): number {
    if (dataBytes === undefined || dataBytes > ELEMENT_MAX_BYTES) {
      throw new MediaError(`element ${id.toString(16)} claims ${dataBytes ?? 'unknown'} bytes`);
    }
    return dataBytes;
  }
}

/** Undefined for a cluster without a frame. */
function toFragment(
  bytes: Buffer,
  headerBytes: number,
  header: MatroskaHeader,
): MatroskaFragment | undefined {
  const elements = elementsIn(bytes.subarray(headerBytes));
  const timestamp = findElement(elements, ID.timestamp);
  if (timestamp === undefined) throw new MediaError('a cluster has no time');
  const time = readUint(timestamp.data);
  const blocks = elements.map(readBlock).filter((block) => block !== undefined);
  const times = new Map<MatroskaTrack, number[]>();
  let endMs = Number.NEGATIVE_INFINITY;
  for (const block of blocks) {
    const track = header.trackList.find(({ number }) => number === block.track);
    if (track === undefined) continue;
    const startMs = (time + block.relativeTime) * header.unitMs;
    times.set(track, [...(times.get(track) ?? []), startMs]);
    if (block.duration !== undefined) endMs = Math.max(endMs, startMs + block.duration * header.unitMs);
  }
  const all = [...times.values()].flat();
  if (all.length === 0) return undefined;
  for (const [track, starts] of times) endMs = Math.max(endMs, lastEnd(starts, track.frameMs));
  const isVideo = ({ info }: MatroskaTrack): boolean => info.kind === 'video';
  const video = header.trackList.find(isVideo);
  const firstVideo = blocks.find(({ track }) => track === video?.number);
  const keyframe = video === undefined || firstVideo?.keyframe === true;
  return {
    bytes,
    startMs: Math.max(0, Math.min(...all)),
    endMs,
    keyframe,
    header:
      keyframe && video !== undefined && firstVideo !== undefined
        ? currentHeader(header, video, firstVideo.frame)
        : header,
    dataAt: headerBytes,
    timestamp: time,
    timestampAt: headerBytes + timestamp.dataAt,
    timestampBytes: timestamp.data.length,
    videoFrames: [...times].reduce((sum, [track, starts]) => sum + (isVideo(track) ? starts.length : 0), 0),
  };
}

/** The last frame lasts as long as the track says, or as the frames before it did. */
function lastEnd(starts: readonly number[], frameMs: number | undefined): number {
  const first = Math.min(...starts);
  const last = Math.max(...starts);
  const usualMs = starts.length > 1 ? (last - first) / (starts.length - 1) : 0;
  return last + (frameMs ?? usualMs);
}

interface Block {
  readonly track: number;
  readonly relativeTime: number;
  readonly keyframe: boolean;
  readonly duration: number | undefined;
  /** What the block holds: one frame, since video is not laced. */
  readonly frame: Buffer;
}

function readBlock(one: Element): Block | undefined {
  if (one.id === ID.simpleBlock) {
    return { ...blockHeader(one.data), duration: undefined };
  }
  if (one.id !== ID.blockGroup) return undefined;
  const inside = elementsIn(one.data);
  const block = findElement(inside, ID.block);
  if (block === undefined) throw new MediaError('a block group has no block');
  const duration = findElement(inside, ID.blockDuration);
  return {
    ...blockHeader(block.data),
    // In a group, what refers to no other block is a keyframe.
    keyframe: findElement(inside, ID.referenceBlock) === undefined,
    duration: duration === undefined ? undefined : readUint(duration.data),
  };
}

function blockHeader(data: Buffer): Omit<Block, 'duration'> {
  const track = readVint(data, 0);
  if (data.length < track.bytes + 3) throw new MediaError('a block ends in its header');
  return {
    track: track.value,
    relativeTime: data.readInt16BE(track.bytes),
    keyframe: ((data[track.bytes + 2] ?? 0) & KEYFRAME) !== 0,
    frame: data.subarray(track.bytes + 3),
  };
}
