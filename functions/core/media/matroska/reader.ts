import { ByteQueue } from '../byteQueue.ts';
import type { PageStore } from '../pages.ts';
import { type FragmentReader, MediaError, type PartMuxer } from '../types.ts';
import { type MatroskaFragment, readCluster } from './cluster.ts';
import {
  ELEMENT_HEADER_MAX_BYTES,
  type Element,
  type ElementHeader,
  elementsIn,
  ID,
  readElementHeader,
} from './ebml.ts';
import { type MatroskaHeader, parseHeader } from './header.ts';
import { MatroskaMuxer } from './muxer.ts';

/** More is damage, not media. */
const ELEMENT_MAX_BYTES = 256 * 1024 * 1024;

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

  startPart(first: MatroskaFragment, pages: PageStore): PartMuxer {
    return new MatroskaMuxer(first, pages);
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
    this.#ebml = Buffer.from(bytes);
    return true;
  }

  #stepSegment(header: ElementHeader, fragments: MatroskaFragment[]): boolean {
    switch (header.id) {
      case ID.cluster: {
        const bytes = this.#takeWhole(header);
        if (bytes === undefined) return false;
        this.#header ??= parseHeader(this.#ebml as Buffer, this.#elements);
        const found = readCluster(bytes, header.headerBytes, this.#header);
        fragments.push(...found);
        this.#header = found.at(-1)?.header ?? this.#header;
        return true;
      }
      case ID.info:
      case ID.tracks:
      case ID.tags: {
        const bytes = this.#takeWhole(header);
        if (bytes === undefined) return false;
        // Tags at the end repeat what is known.
        if (this.#header === undefined) this.#elements.push(...elementsIn(Buffer.from(bytes)));
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

  /** Valid until the next push. */
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
