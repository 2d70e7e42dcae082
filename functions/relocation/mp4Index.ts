import { crc32 } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Mp4Reader } from '../core/media/mp4/reader.ts';
import { MemoryPages } from '../core/media/pages.ts';
import { crc32Of, joined, type Pieces, toBuffer } from '../core/media/pieces.ts';
import { MediaError, type PartMuxer } from '../core/media/types.ts';
import type { MeasuredMedia } from '../core/relocation/completeness.ts';
import { combineCrc32, crc32ToBase64 } from '../core/upload/crc32.ts';
import type { LandedRecord } from './landedRecord.ts';

/** A record as it will be: new first bytes, then the rest of the landing object as it lies there. */
export interface IndexedRecord {
  /** New head and the media after it, 8 MiB or all of it. */
  readonly firstBytes: Buffer;
  /** The landing object's bytes that follow: from, and up to (not with) the end. */
  readonly fromByte: number;
  readonly endByte: number;
  /** Of the whole new object. CRC32 in base64. */
  readonly bytes: number;
  readonly crc32: string;
  readonly measured: MeasuredMedia;
  /** Of its fragments. */
  readonly fragments: Pieces;
}

/** What the record in the library is to be: the landing object as it lies there, unless it is `indexed`. */
export interface RecordContent {
  readonly indexed?: IndexedRecord;
  /** Why it is not, though it should have been. */
  readonly notIndexed?: string;
}

/** What is read along with the head: more than the 5 MiB that S3 wants of an S3 part and of a source of ranges. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * What a function reads within its time, at 30 MB/s: some four hours at 5 Mbit/s. A larger one stays in fragments: it
 * plays, and a player reads all of it before it can seek.
 */
export const INDEX_MAX_BYTES = 8 * 1024 ** 3;

/**
 * Reads a fragmented MP4 once and makes the index that an ordinary one has in front.
 * @throws S3's faults
 */
export async function indexMp4(s3: S3Client, bucket: string, record: LandedRecord): Promise<RecordContent> {
  if (record.bytes > INDEX_MAX_BYTES) {
    return { notIndexed: `It is larger than ${INDEX_MAX_BYTES} bytes, so it stayed in fragments.` };
  }
  const answer = await s3.send(
    new GetObjectCommand({ Bucket: bucket, Key: record.key, IfMatch: record.etag }),
  );
  const reading = new Mp4Reading();
  try {
    for await (const { buffer, byteOffset, byteLength } of answer.Body as AsyncIterable<Uint8Array>) {
      reading.push(Buffer.from(buffer, byteOffset, byteLength));
    }
    return { indexed: reading.result() };
  } catch (error) {
    if (error instanceof MediaError) return { notIndexed: `It stayed in fragments: ${error.message}.` };
    throw error;
  }
}

class Mp4Reading {
  readonly #reader = new Mp4Reader();
  readonly #pages = new MemoryPages();
  #muxer: PartMuxer | undefined;
  #readBytes = 0;
  #mediaBytes = 0;
  #mediaCrc32 = 0;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;

  push(chunk: Buffer): void {
    this.#readBytes += chunk.length;
    for (const fragment of this.#reader.push(chunk)) {
      this.#muxer ??= this.#reader.startPart(fragment, this.#pages);
      // The bytes as they lie in landing: the muxer moves times inside the fragment that it is given.
      this.#mediaCrc32 = crc32(fragment.bytes, this.#mediaCrc32);
      this.#mediaBytes += fragment.bytes.length;
      const kept = Buffer.from(fragment.bytes.subarray(0, KEPT_BYTES - this.#keptBytes));
      this.#kept.push(kept);
      this.#keptBytes += kept.length;
      this.#muxer.add(fragment);
    }
  }

  /** @throws MediaError there is no media, or something between the fragments */
  result(): IndexedRecord {
    const muxer = this.#muxer;
    const { head, index } = muxer?.finish() ?? {};
    if (muxer === undefined || head === undefined || index === undefined)
      throw new MediaError('it has no whole fragment');
    const { headBytes, danglingBytes } = this.#reader;
    if (headBytes + this.#mediaBytes + danglingBytes !== this.#readBytes) {
      throw new MediaError('there is something else between its fragments');
    }
    const { durationMs, videoFrames } = muxer.summary;
    return {
      firstBytes: toBuffer(joined(head, ...this.#kept)),
      fromByte: headBytes + this.#keptBytes,
      // Half a fragment at the end is left behind.
      endByte: headBytes + this.#mediaBytes,
      bytes: head.bytes + this.#mediaBytes,
      crc32: crc32ToBase64(combineCrc32(crc32Of(head), this.#mediaCrc32, this.#mediaBytes)),
      measured: { durationMs, videoFrames },
      fragments: index,
    };
  }
}
