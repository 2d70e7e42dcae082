import * as z from 'zod/mini';
import { journalEntrySchema } from './entry.ts';
import { REPEATED_EVERY } from './format.ts';

/**
 * A file of a worker's write-ahead log: fragments one after the other, each as the length of its entry (32 bits,
 * big-endian), the entry (JSON) and its bytes. Nothing has an end mark: who writes may be killed within any of them.
 */
const loggedEntrySchema = z.omit(journalEntrySchema, { crc32: true, live: true });
export type LoggedEntry = z.infer<typeof loggedEntrySchema>;

export interface Logged {
  readonly entry: LoggedEntry;
  readonly bytes: Buffer;
}

const LENGTH_BYTES = 4;

/** What comes before a fragment's bytes. */
export function encodeLogged(entry: LoggedEntry): Buffer {
  const json = Buffer.from(JSON.stringify(entry), 'utf8');
  const head = Buffer.alloc(LENGTH_BYTES + json.length);
  head.writeUInt32BE(json.length);
  json.copy(head, LENGTH_BYTES);
  return head;
}

/** The fragments that are there as a whole. */
export function decodeLogged(file: Buffer): Logged[] {
  const found: Logged[] = [];
  for (let at = 0; at + LENGTH_BYTES <= file.length; ) {
    const dataAt = at + LENGTH_BYTES + file.readUInt32BE(at);
    if (dataAt > file.length) break;
    const entry = loggedEntrySchema.parse(JSON.parse(file.toString('utf8', at + LENGTH_BYTES, dataAt)));
    at = dataAt + entry.bytes;
    if (at > file.length) break;
    found.push({ entry, bytes: file.subarray(dataAt, at) });
  }
  return found;
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
