import { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { BufferPool } from '../../../container/upload/bufferPool.ts';
import type { Journal } from '../../../container/upload/journal.ts';
import type { JournalTrack } from '../../../container/upload/journalTrack.ts';
import { PartUpload } from '../../../container/upload/partUpload.ts';
import type { Spool } from '../../../container/upload/spool.ts';
import { Uploader } from '../../../container/upload/uploader.ts';
import type { JournalEntry } from '../../../functions/core/journal/entry.ts';
import { decodeIndex } from '../../../functions/core/journal/format.ts';
import { journalPrefix } from '../../../functions/core/state/keys.ts';
import type { UploadedPart } from '../../../functions/core/state/partObjects.ts';
import { checked } from '../../../functions/core/upload/uploadedParts.ts';
import { savedParts } from '../../../functions/mending/savedBytes.ts';
import type { MemoryS3 } from '../../support/memoryS3.ts';

export const PART_BYTES = 64;
export const BUCKET = 'landing';
export const log = new Logger({ logLevel: 'SILENT' });

/** The same byte at the same place of the same file, whenever it is asked for. */
const byteAt = (file: number, offset: number): number =>
  (offset * 31 + file * 101 + (offset >> 8) * 7) & 0xff;
export function contentOf(file: number, from: number, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) content[i] = byteAt(file, from + i);
  return content;
}

/** A file on its way to S3 and into the journal, as a recorder writes it. */
export class WrittenFile {
  readonly upload: PartUpload;
  readonly track: JournalTrack;
  readonly ends = new Set<number>([0]);
  readonly #file: number;
  #keyframes = 0;

  constructor(s3: MemoryS3, journal: Journal, spool: Spool, file: number, partBytes = PART_BYTES) {
    this.#file = file;
    const client = s3 as unknown as S3Client;
    this.upload = new PartUpload({
      uploader: new Uploader({ s3: client, log, signal: new AbortController().signal }),
      spool,
      buffers: new BufferPool(),
      target: Promise.resolve({ bucket: BUCKET, key: `part-${file}`, uploadId: `upload-${file}` }),
      partBytes,
    });
    this.track = journal.track({
      file: { recordingId: `r${file}`, attempt: 1, file: 1 },
      maxLossMs: 5,
      upload: this.upload,
      isRescued: async () => false,
    });
  }

  async add(bytes: number): Promise<void> {
    await this.upload.append(contentOf(this.#file, this.upload.bytes, bytes));
    this.ends.add(this.upload.bytes);
    this.#keyframes += 1;
    const facts = { durationMs: this.upload.bytes, videoFrames: this.#keyframes, atMs: Date.now() };
    this.track.added(facts, { keyframe: true, headBytes: 0, played: undefined });
  }
}

interface Found {
  readonly entry: JournalEntry;
  readonly bytes: Buffer;
}

/** What is in the journal's objects that are in S3 now. */
export const journaled = (s3: MemoryS3, id: string): Found[] =>
  s3.keys(journalPrefix(id)).flatMap((key) => foundIn(s3.object(key)));

/** All that ever was written of a file. */
export const everJournaled = (s3: MemoryS3, file: number): Found[] =>
  [...s3.written.values()].flatMap(foundIn).filter(({ entry }) => entry.recordingId === `r${file}`);

export function foundIn(object: Buffer): Found[] {
  const index = decodeIndex(object, object.length);
  if (!('entries' in index)) throw new Error('the whole object was read');
  return index.entries.map((entry) => ({ entry, bytes: object.subarray(entry.at, entry.at + entry.bytes) }));
}

/** As a rescuer reads: the newest object first, until one of them continues what S3 parts have. */
export function readBack(objects: readonly (readonly Found[])[], file: number, fromBytes: number): Found[] {
  const found: Found[] = [];
  for (const object of objects.toReversed()) {
    const own = object.filter(({ entry }) => entry.recordingId === `r${file}`);
    found.push(...own);
    if (own.some(({ entry }) => entry.offset <= fromBytes)) break;
  }
  return found;
}

export async function rescued(
  s3: MemoryS3,
  listed: readonly UploadedPart[],
  found: readonly Found[],
  file: number,
): Promise<Buffer> {
  const pieces = found
    .filter(({ entry }) => entry.recordingId === `r${file}`)
    .map(({ entry, bytes }) => ({ ...entry, read: async () => ({ ...checked(bytes), facts: undefined }) }));
  const { uploaded, missing } = await savedParts(listed, PART_BYTES, pieces);
  return Buffer.concat(
    uploaded.flatMap(({ partNumber }) => missing.get(partNumber) ?? s3.part(`upload-${file}`, partNumber)),
  );
}
