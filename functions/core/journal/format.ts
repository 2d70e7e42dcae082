import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';
import { type JournalEntry, journalEntrySchema } from './entry.ts';

/**
 * One object of a worker's journal: the bytes of its entries one after the other, then the index (JSON, the entries in
 * the order of their bytes), then twenty bytes: index length, CRC-32 of the index, version (each 32 bits, big-endian) and
 * a mark. So one read of the object's end finds every range in it.
 */
export const JOURNAL_VERSION = 1;
const MARK = Buffer.from('srecjrnl', 'latin1');
const TRAILER_BYTES = 12 + MARK.length;

/** What the index of a full worker takes, several times over: one read of so much finds nearly every index whole. */
export const INDEX_READ_BYTES = 64 * 1024;
/** The same of one that repeats those before it. */
export const REPEATING_READ_BYTES = 256 * 1024;
/** No worker writes a longer one. */
const INDEX_MAX_BYTES = 16 * 1024 * 1024;

/** Of an object before this one: its sequence, the entry's place in it and where its bytes are. */
const earlierEntrySchema = z.extend(journalEntrySchema, {
  object: z.int().check(z.positive()),
  place: z.int().check(z.nonnegative()),
  at: z.int().check(z.nonnegative()),
});
export type EarlierEntry = z.infer<typeof earlierEntrySchema>;

const indexSchema = z.object({
  entries: z.array(journalEntrySchema),
  /** Of all recordings of the worker, hundreds of them: those of the one that is asked for are looked at. */
  earlier: z.optional(z.array(z.unknown())),
});

/**
 * Each so many objects one repeats what the others had for players: so an hour that somebody begins to watch is read with
 * a thirtieth of the requests.
 */
export const REPEATED_EVERY = 32;

/** An entry, and where its bytes are in the object. */
export interface PlacedEntry extends JournalEntry {
  readonly at: number;
}

/** The object is not one, is of another version, or is not whole. */
export class JournalCorruptError extends Error {
  override readonly name = 'JournalCorruptError';
}

/**
 * What comes after the bytes of the entries, which are in the same order.
 * @param earlier what players get of the objects before, in the one that repeats it
 */
export function encodeIndex(entries: readonly JournalEntry[], earlier?: readonly EarlierEntry[]): Buffer {
  const index = Buffer.from(JSON.stringify({ entries, earlier }), 'utf8');
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32BE(index.length, 0);
  trailer.writeUInt32BE(crc32(index), 4);
  trailer.writeUInt32BE(JOURNAL_VERSION, 8);
  MARK.copy(trailer, 12);
  return Buffer.concat([index, trailer]);
}

/**
 * The entries of an object. No length that it says is believed before it was compared with what is there.
 * @param end the object's last bytes, as many as were read
 * @param objectBytes of the whole object
 * @param recordingId whose repeated entries are wanted; none by default
 * @returns how many of the last bytes are needed, where these were too few
 * @throws JournalCorruptError
 */
export function decodeIndex(
  end: Buffer,
  objectBytes: number,
  recordingId?: string,
):
  | { readonly entries: readonly PlacedEntry[]; readonly earlier: readonly EarlierEntry[] }
  | { readonly neededBytes: number } {
  if (end.length > objectBytes || objectBytes < TRAILER_BYTES)
    throw new JournalCorruptError(`an object of ${objectBytes} bytes`);
  if (end.length < TRAILER_BYTES) return { neededBytes: Math.min(objectBytes, INDEX_READ_BYTES) };
  const trailer = end.subarray(end.length - TRAILER_BYTES);
  if (!trailer.subarray(12).equals(MARK))
    throw new JournalCorruptError('the object does not end as one does');
  const version = trailer.readUInt32BE(8);
  if (version !== JOURNAL_VERSION) throw new JournalCorruptError(`version ${version} is not known`);
  const indexBytes = trailer.readUInt32BE(0);
  const neededBytes = indexBytes + TRAILER_BYTES;
  if (neededBytes > objectBytes || indexBytes > INDEX_MAX_BYTES)
    throw new JournalCorruptError(`an index of ${indexBytes} bytes in ${objectBytes}`);
  if (neededBytes > end.length) return { neededBytes };
  const index = end.subarray(end.length - neededBytes, end.length - TRAILER_BYTES);
  if (crc32(index) !== trailer.readUInt32BE(4)) throw new JournalCorruptError('the index is damaged');
  const { entries, earlier } = parsed(index, recordingId);
  return { entries: placed(entries, objectBytes - neededBytes), earlier };
}

/** @throws JournalCorruptError the bytes are not what was written */
export function checkBytes(entry: JournalEntry, bytes: Buffer): void {
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc32)
    throw new JournalCorruptError(`the bytes of ${entry.recordingId} from ${entry.offset} on are damaged`);
}

function parsed(
  index: Buffer,
  recordingId: string | undefined,
): { readonly entries: readonly JournalEntry[]; readonly earlier: readonly EarlierEntry[] } {
  try {
    const { entries, earlier = [] } = indexSchema.parse(JSON.parse(index.toString('utf8')));
    const own = earlier.filter(
      (entry) => (entry as Partial<EarlierEntry> | null)?.recordingId === recordingId,
    );
    return { entries, earlier: recordingId === undefined ? [] : z.array(earlierEntrySchema).parse(own) };
  } catch (error) {
    throw new JournalCorruptError('the index is not one', { cause: error });
  }
}

function placed(entries: readonly JournalEntry[], dataBytes: number): readonly PlacedEntry[] {
  let at = 0;
  const found = entries.map((entry) => {
    const one = { ...entry, at };
    at += entry.bytes;
    return one;
  });
  if (at !== dataBytes) throw new JournalCorruptError(`${dataBytes} bytes, and the index says ${at}`);
  return found;
}
