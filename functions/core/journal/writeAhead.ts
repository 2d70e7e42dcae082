import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';
import { journalEntrySchema } from './entry.ts';
import { REPEATED_EVERY } from './format.ts';

/**
 * A file of a worker's write-ahead log: fragments one after the other, each as the length of its entry (32 bits,
 * big-endian), the entry (JSON) and its bytes. Nothing has an end mark: who writes may be killed within any of them. And
 * a file is written over once nobody needs what is in it: so each fragment says in which file it is, by a number that no
 * other has, and what its bytes are, by their checksum. The first one of which that is not true is behind the end.
 */
const loggedEntrySchema = z.omit(journalEntrySchema, { live: true });
export type LoggedEntry = z.infer<typeof loggedEntrySchema>;

const writtenEntrySchema = z.extend(loggedEntrySchema, { log: z.int().check(z.positive()) });

export interface Logged {
  readonly entry: LoggedEntry;
  readonly bytes: Buffer;
}

const LENGTH_BYTES = 4;
/** No entry is as long: a length that was left there may be any. */
const ENTRY_MAX_BYTES = 64 * 1024;

/** What comes before a fragment's bytes. @param log the file's number */
export function encodeLogged(entry: LoggedEntry, log: number): Buffer {
  const json = Buffer.from(JSON.stringify({ ...entry, log }), 'utf8');
  const head = Buffer.alloc(LENGTH_BYTES + json.length);
  head.writeUInt32BE(json.length);
  json.copy(head, LENGTH_BYTES);
  return head;
}

/** The fragments that are there as a whole. @param log the file's number */
export function decodeLogged(file: Buffer, log: number): Logged[] {
  const found: Logged[] = [];
  for (let at = 0; at + LENGTH_BYTES <= file.length; ) {
    const entryBytes = file.readUInt32BE(at);
    const dataAt = at + LENGTH_BYTES + entryBytes;
    if (entryBytes > ENTRY_MAX_BYTES || dataAt > file.length) break;
    const entry = entryIn(file.subarray(at + LENGTH_BYTES, dataAt), log);
    if (entry === undefined) break;
    at = dataAt + entry.bytes;
    const bytes = file.subarray(dataAt, at);
    if (at > file.length || crc32(bytes) !== entry.crc32) break;
    found.push({ entry, bytes });
  }
  return found;
}

/** Undefined for what another file has left there, whole or in part. */
function entryIn(bytes: Buffer, log: number): LoggedEntry | undefined {
  const written = parsed(bytes.toString('utf8'));
  if (written?.log !== log) return undefined;
  const { log: _, ...entry } = written;
  return entry;
}

function parsed(text: string): z.infer<typeof writtenEntrySchema> | undefined {
  try {
    return writtenEntrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * As they come into the journal: few objects, each a little larger than `objectBytes` at most.
 * @param logged in the order in which they were written
 */
export function objectsOf(logged: readonly Logged[], objectBytes: number): Logged[][] {
  const objects: Logged[][] = [];
  let bytes = 0;
  for (const one of logged) {
    const last = objects.at(-1);
    if (last === undefined || bytes >= objectBytes) {
      objects.push([one]);
      bytes = 0;
    } else last.push(one);
    bytes += one.bytes.length;
  }
  return objects;
}

/**
 * Numbers in a journal whose worker is dead. The one behind the last that is there may be on its way to S3 still, with
 * other bytes; a multiple of `REPEATED_EVERY` would have to repeat what players get.
 * @param last of the objects that are there; 0 for none
 */
export function sequencesAfter(last: number, count: number): number[] {
  const sequences: number[] = [];
  for (let sequence = last + 2; sequences.length < count; sequence++)
    if (sequence % REPEATED_EVERY !== 0) sequences.push(sequence);
  return sequences;
}
