import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import {
  decodeIndex,
  type EarlierEntry,
  INDEX_READ_BYTES,
  JournalCorruptError,
  type PlacedEntry,
} from '../core/journal/format.ts';
import { rangeHeader } from './rangeLinks.ts';
import { isStatus } from './stateStore.ts';

/** An object of a journal, as far as it was read. */
export interface JournalObject {
  readonly entries: readonly PlacedEntry[];
  /** Of objects before it, where it repeats them: those of the recording that was asked for. */
  readonly earlier: readonly EarlierEntry[];
  /** Its last bytes; all of them where it was read whole. */
  readonly end: Buffer;
  readonly objectBytes: number;
}

/** How much of an object is wanted. */
export interface JournalRead {
  /** All of it, not its end alone. */
  readonly isWhole?: boolean;
  /** Whose entries of objects before it are wanted, where it repeats them; none by default. */
  readonly recordingId?: string;
  /** Of its end, at first. */
  readonly endBytes?: number;
}

interface Place {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Reads what is in an object of a journal, by its end, or all of it at once.
 * @returns undefined where there is none
 * @throws JournalCorruptError it is not one, or not whole
 */
export async function readJournalObject(
  s3: S3Client,
  place: Place,
  { isWhole = false, recordingId, endBytes = INDEX_READ_BYTES }: JournalRead = {},
): Promise<JournalObject | undefined> {
  for (let wantedBytes = endBytes; ; ) {
    const read = await readObjectRange(s3, place, isWhole ? undefined : `bytes=-${wantedBytes}`);
    if (read === undefined) return undefined;
    const { bytes: end, objectBytes } = read;
    const index = decodeIndex(end, objectBytes, recordingId);
    if ('entries' in index) return { ...index, end, objectBytes };
    wantedBytes = index.neededBytes;
  }
}

/** The bytes of one entry, out of what was read already where they are in it; undefined where the object is gone. */
export async function readEntryBytes(
  s3: S3Client,
  place: Place,
  { end, objectBytes }: JournalObject,
  { at, bytes }: PlacedEntry,
): Promise<Buffer | undefined> {
  const atInEnd = at - (objectBytes - end.length);
  if (atInEnd >= 0) return end.subarray(atInEnd, atInEnd + bytes);
  return (await readObjectRange(s3, place, rangeHeader({ firstByte: at, bytes })))?.bytes;
}

/** Undefined where there is no such object. @throws JournalCorruptError it is shorter */
export async function readObjectRange(
  s3: S3Client,
  { bucket, key }: Place,
  range: string | undefined,
): Promise<{ readonly bytes: Buffer; readonly objectBytes: number } | undefined> {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
    const bytes = await bodyOf(answer);
    const total = Number(/\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1] ?? bytes.length);
    return { bytes, objectBytes: total };
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    // Of nothing there is no range.
    if (isStatus(error, 416))
      throw new JournalCorruptError('the object is shorter than its range', { cause: error });
    throw error;
  }
}

/** Into memory of its length at once: the chunks of 12 MiB, and then all of them again, are most work for the collector. */
async function bodyOf({ Body, ContentLength }: GetObjectCommandOutput): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(ContentLength ?? 0);
  let filledBytes = 0;
  const body = Body as Readable;
  // Read by turns, a stream puts its chunks together first.
  body.on('data', (chunk: Buffer) => {
    filledBytes += chunk.copy(bytes, filledBytes);
  });
  await finished(body, { writable: false });
  if (filledBytes !== bytes.length) throw new Error(`${filledBytes} of ${bytes.length} bytes came`);
  return bytes;
}
