import type { PageStore } from '../pages.ts';
import type { FragmentTimes, FragmentWriter, TrackSamples } from '../tracks/fragmentWriter.ts';
import { inDecodingOrder } from '../tracks/fragmentWriter.ts';
import type { TrackDescription } from '../tracks/sample.ts';
import type { TimedSample } from '../tracks/trackQueue.ts';
import type { ContainerFormat, PartMuxer } from '../types.ts';
import { delaySeconds } from './codecPrivate.ts';
import { element, elementHeader, ID, uintElement } from './ebml.ts';
import type { MatroskaFragment } from './fragment.ts';
import type { MatroskaHeader } from './header.ts';
import { MatroskaMuxer } from './muxer.ts';
import { newHeader } from './newHeader.ts';

const KEYFRAME = 0x80;
const RELATIVE_MAX = 0x7fff;

/** Where a track's last block is. */
interface Written {
  readonly description: TrackDescription;
  readonly dts: number;
  readonly offset: number;
  readonly ms: number;
}

/** Writes fragments of Matroska and WebM: a cluster each, its blocks in the order in which they are decoded. */
export class MatroskaFragmentWriter implements FragmentWriter {
  readonly #format: ContainerFormat;
  #descriptions: ReadonlyMap<number, TrackDescription> = new Map();
  #header: MatroskaHeader | undefined;
  readonly #written = new Map<number, Written>();

  constructor(format: ContainerFormat) {
    this.#format = format;
  }

  /** @throws MediaError a codec that Matroska does not carry here */
  write(tracks: readonly TrackSamples[], times: FragmentTimes): MatroskaFragment {
    const header = this.#headerOf(tracks);
    const blocks = inDecodingOrder(tracks).map(({ track, sample }) => {
      const { description, id } = track;
      const ms = this.#msOf(id, description, sample);
      return { id, sample, ms, isVideo: description.info.kind === 'video' };
    });
    const timestamp = Math.min(...blocks.map(({ ms }) => ms));
    const pieces = blocks.flatMap(({ id, sample, ms }) => {
      const head = Buffer.alloc(4);
      head[0] = 0x80 | id;
      head.writeInt16BE(Math.min(ms - timestamp, RELATIVE_MAX), 1);
      head[3] = sample.keyframe ? KEYFRAME : 0;
      return [elementHeader(ID.simpleBlock, head.length + sample.data.length), head, sample.data];
    });
    const time = uintElement(ID.timestamp, 0);
    const bytes = element(ID.cluster, time, ...pieces);
    const dataAt = elementHeader(ID.cluster, 0).length;
    return {
      ...times,
      bytes,
      header,
      timestamp,
      timestampAt: dataAt + time.length - 8,
      timestampBytes: 8,
      dataAt,
      videoFrames: blocks.filter(({ isVideo }) => isVideo).length,
    };
  }

  startPart(first: MatroskaFragment, pages: PageStore): PartMuxer {
    return new MatroskaMuxer(first, pages);
  }

  /**
   * Blocks have whole milliseconds: pictures that a camera without times sends in a burst are closer, and two of one time are a
   * player's complaint. Of what is shown in another order than it is decoded nothing is moved.
   */
  #msOf(id: number, description: TrackDescription, { dts, offset }: TimedSample): number {
    const seconds = (dts + offset) / description.timescale + delaySeconds(description);
    const ownMs = Math.round(seconds * 1000);
    const before = this.#written.get(id);
    // The same ones are written once more where a part begins with them.
    const goesOn = before?.description === description && before.dts < dts && before.offset === offset;
    const ms = goesOn ? Math.max(ownMs, before.ms + 1) : ownMs;
    this.#written.set(id, { description, dts, offset, ms });
    return ms;
  }

  #headerOf(tracks: readonly TrackSamples[]): MatroskaHeader {
    const isSame = ({ id, description }: TrackSamples): boolean => this.#descriptions.get(id) === description;
    if (this.#header === undefined || tracks.length !== this.#descriptions.size || !tracks.every(isSame)) {
      this.#descriptions = new Map(tracks.map(({ id, description }) => [id, description]));
      this.#header = newHeader(this.#descriptions, this.#format);
    }
    return this.#header;
  }
}
