import { type Fragment, MediaError } from '../types.ts';
import { currentHeader } from './changedHeader.ts';
import {
  type Element,
  element,
  elementsIn,
  findElement,
  ID,
  readUint,
  readVint,
  uintElement,
} from './ebml.ts';
import type { MatroskaHeader, MatroskaTrack } from './header.ts';

/** A cluster, or what of it begins with a keyframe. */
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

const KEYFRAME = 0x80;

/**
 * The fragments of a cluster: one, or several where keyframes come in its middle. ffmpeg begins a cluster at a keyframe
 * only if the one before has 4 KiB.
 * @param bytes whole element. @throws MediaError
 */
export function readCluster(bytes: Buffer, headerBytes: number, header: MatroskaHeader): MatroskaFragment[] {
  const elements = elementsIn(bytes.subarray(headerBytes));
  const timestamp = findElement(elements, ID.timestamp);
  if (timestamp === undefined) throw new MediaError('a cluster has no time');
  const pieces = splitAtKeyframes(elements, header);
  if (pieces.length === 1) {
    const whole = toFragment(bytes, headerBytes, header);
    return whole === undefined ? [] : [whole];
  }
  const time = readUint(timestamp.data);
  const fragments: MatroskaFragment[] = [];
  let current = header;
  for (const piece of pieces) {
    const cluster = clusterOf(piece, time);
    const fragment = toFragment(cluster, NEW_HEADER_BYTES, current);
    if (fragment === undefined) continue;
    fragments.push(fragment);
    current = fragment.header;
  }
  return fragments;
}

/** The id of a cluster, and a size in 8 bytes. */
const NEW_HEADER_BYTES = 12;

/** Each piece but the first begins with a keyframe of the video. */
function splitAtKeyframes(elements: readonly Element[], header: MatroskaHeader): Element[][] {
  const video = header.trackList.find(({ info }) => info.kind === 'video');
  let piece: Element[] = [];
  const pieces = [piece];
  let hasVideo = false;
  for (const one of elements) {
    const block = readBlock(one);
    const isVideo = block !== undefined && block.track === video?.number;
    if (isVideo && block.keyframe && hasVideo) {
      piece = [];
      pieces.push(piece);
    }
    hasVideo ||= isVideo;
    piece.push(one);
  }
  return pieces;
}

/** A cluster of blocks that were in one of this time. Its own time is that of its first block. */
function clusterOf(piece: readonly Element[], time: number): Buffer {
  const blocks = piece.map(readBlock).filter((block) => block !== undefined);
  const shift = blocks[0]?.relativeTime ?? 0;
  for (const { relativeTime, timeField } of blocks) {
    const moved = relativeTime - shift;
    if (moved < -0x8000 || moved > 0x7fff || time + shift < 0)
      throw new MediaError('a block is far from its cluster');
    timeField.writeInt16BE(moved);
  }
  const others = piece.filter(({ id }) => id !== ID.timestamp && id !== ID.crc32);
  return element(ID.cluster, uintElement(ID.timestamp, time + shift), ...others.map(({ bytes }) => bytes));
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
  /** Where the relative time stands. */
  readonly timeField: Buffer;
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
    timeField: data.subarray(track.bytes, track.bytes + 2),
    keyframe: ((data[track.bytes + 2] ?? 0) & KEYFRAME) !== 0,
    frame: data.subarray(track.bytes + 3),
  };
}
