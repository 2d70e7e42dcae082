import { PagedTable, type PageStore } from '../pages.ts';
import { joined, mapped, type Pieces } from '../pieces.ts';
import type { PartMuxer, PartSummary, TrackInfo } from '../types.ts';
import { element, elementHeader, elementsIn, floatElement, ID, idBytes, uintElement } from './ebml.ts';
import type { MatroskaFragment } from './fragment.ts';
import type { MatroskaHeader } from './header.ts';
import { areAlike } from './sameSetup.ts';

/** A cue a second is as fine as anybody seeks; more would make a day's index large. */
const CUE_EVERY_MS = 1_000;

/** One WebM or Matroska part. `finish` gives it its duration and its cues, in front. */
export class MatroskaMuxer implements PartMuxer {
  readonly head: Buffer;
  readonly playedHead = undefined;
  readonly played = undefined;
  readonly #header: MatroskaHeader;
  #base: number;
  readonly #startMs: number;
  /** In pairs: time in units of the segment, from the part's zero; where the cluster begins, from the end of the head. */
  readonly #cues: PagedTable;
  #lastCueTime = Number.NEGATIVE_INFINITY;
  #endMs: number;
  /** From the timeline of ffmpeg's present run to that of the first one. */
  #runOffsetMs = 0;
  #mediaBytes = 0;
  #videoFrames = 0;

  /** @param pages for the cues, while they grow */
  constructor(first: MatroskaFragment, pages: PageStore) {
    this.#cues = new PagedTable(pages);
    const { header } = first;
    this.#header = header;
    this.#base = first.timestamp;
    this.#startMs = first.startMs;
    this.#endMs = first.startMs;
    const info = element(ID.info, ...header.info);
    const segment = Buffer.concat([idBytes(ID.segment), UNKNOWN_SIZE]);
    this.head = Buffer.concat([header.ebml, segment, info, header.tracks, ...header.tags]);
  }

  get tracks(): readonly TrackInfo[] {
    return this.#header.trackList.map(({ info }) => info);
  }

  get summary(): PartSummary {
    return {
      startMs: this.#startMs,
      endMs: this.#endMs,
      durationMs: this.#endMs - this.#startMs,
      videoFrames: this.#videoFrames,
    };
  }

  add(fragment: MatroskaFragment): Buffer {
    const time = Math.max(0, fragment.timestamp - this.#base);
    const bytes = withTimestamp(fragment, time);
    if (fragment.keyframe && (time - this.#lastCueTime) * this.#header.unitMs >= CUE_EVERY_MS) {
      this.#cues.u64(time).u64(this.#mediaBytes);
      this.#lastCueTime = time;
    }
    this.#endMs = Math.max(this.#endMs, fragment.endMs + this.#runOffsetMs);
    this.#videoFrames += fragment.videoFrames;
    this.#mediaBytes += bytes.length;
    return bytes;
  }

  accepts({ header, keyframe }: MatroskaFragment): boolean {
    if (header === this.#header) return true;
    const own = this.#header.trackList;
    const isAll = header.trackList.length === own.length || !keyframe;
    return (
      header.unitMs === this.#header.unitMs &&
      isAll &&
      header.trackList.every((track, place) => own[place] !== undefined && areAlike(own[place], track))
    );
  }

  resume(first: MatroskaFragment, atMs: number): boolean {
    if (!this.accepts(first)) return false;
    const { unitMs } = first.header;
    const clusterAtMs = atMs - (first.startMs - first.timestamp * unitMs);
    this.#base = first.timestamp - Math.round(Math.max(0, clusterAtMs) / unitMs);
    this.#runOffsetMs = this.#startMs + atMs - first.startMs;
    return true;
  }

  finish(): { readonly head: Pieces; readonly index: undefined } {
    const { ebml, info, tracks, tags, unitMs } = this.#header;
    const duration = floatElement(ID.duration, this.summary.durationMs / unitMs);
    const infoElement = element(ID.info, ...info, duration);
    // All numbers have a fixed width, so the lengths are known before the positions.
    const seekHeadBytes = this.#seekHead(0, 0, 0).length;
    const cuesBytes = this.#cuesElement(0).bytes;
    const infoAt = seekHeadBytes;
    const tracksAt = infoAt + infoElement.length;
    const tagsBytes = tags.reduce((sum, one) => sum + one.length, 0);
    const cuesAt = tracksAt + tracks.length + tagsBytes;
    const mediaAt = cuesAt + cuesBytes;
    const segment = elementHeader(ID.segment, mediaAt + this.#mediaBytes);
    const head = joined(
      ebml,
      segment,
      this.#seekHead(infoAt, tracksAt, cuesAt),
      infoElement,
      tracks,
      ...tags,
      this.#cuesElement(mediaAt),
    );
    return { head, index: undefined };
  }

  #seekHead(infoAt: number, tracksAt: number, cuesAt: number): Buffer {
    const seek = (id: number, position: number): Buffer =>
      element(ID.seek, element(ID.seekId, idBytes(id)), uintElement(ID.seekPosition, position));
    return element(
      ID.seekHead,
      seek(ID.info, infoAt),
      seek(ID.tracks, tracksAt),
      ...(this.#cues.bytes === 0 ? [] : [seek(ID.cues, cuesAt)]),
    );
  }

  #cuesElement(mediaAt: number): Pieces {
    // An empty Cues element is not allowed.
    if (this.#cues.bytes === 0) return joined();
    const { trackList } = this.#header;
    const { number } = trackList.find(({ info }) => info.kind === 'video') ?? trackList[0] ?? { number: 1 };
    const pointBytes = cuePoint(number, 0, 0).length;
    const points = (this.#cues.bytes / CUE_BYTES) * pointBytes;
    return joined(
      elementHeader(ID.cues, points),
      mapped(this.#cues, points, (page) => {
        const cues = Array.from({ length: page.length / CUE_BYTES }, (_, i) => CUE_BYTES * i);
        return Buffer.concat(
          cues.map((at) => cuePoint(number, readU64(page, at), mediaAt + readU64(page, at + 8))),
        );
      }),
    );
  }
}

const CUE_BYTES = 16;

const readU64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64BE(at));

/** All numbers have a fixed width, so each is as long as any other. */
function cuePoint(track: number, time: number, position: number): Buffer {
  return element(
    ID.cuePoint,
    uintElement(ID.cueTime, time),
    element(
      ID.cueTrackPositions,
      uintElement(ID.cueTrack, track),
      uintElement(ID.cueClusterPosition, position),
    ),
  );
}

/** The cluster with another time, in as many bytes where it fits: an EBML number may begin with zeros. */
function withTimestamp(
  { bytes, dataAt, timestampAt, timestampBytes }: MatroskaFragment,
  time: number,
): Buffer {
  if (time >= 256 ** timestampBytes) {
    return element(ID.cluster, uintElement(ID.timestamp, time), ...otherElements(bytes, dataAt));
  }
  let rest = time;
  for (let i = timestampBytes - 1; i >= 0; i--) {
    bytes[timestampAt + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function otherElements(cluster: Buffer, dataAt: number): Buffer[] {
  return elementsIn(cluster.subarray(dataAt))
    .filter(({ id }) => id !== ID.timestamp)
    .map((one) => one.bytes);
}

const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex');
