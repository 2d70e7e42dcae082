import { crc32 } from 'node:zlib';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readJournalObject } from '../../functions/aws/journalObject.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import type { JournalEntry } from '../../functions/core/journal/entry.ts';
import { encodeIndex } from '../../functions/core/journal/format.ts';
import { attemptsPrefix, journalKey, journalPrefix } from '../../functions/core/state/keys.ts';
import { claimSchema } from '../../functions/core/state/objects.ts';

type Written = Omit<JournalEntry, 'bytes' | 'crc32' | 'fromMs' | 'keyframe'> & { readonly bytes: Buffer };

/** The next sequence of each journal. */
const sequences = new Map<string, number>();

/** A journal as a worker leaves it, object by object. */
export class JournalForTests {
  readonly id: string;
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string, id: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.id = id;
  }

  /** @param spoil what becomes of the object on its way. @returns its key */
  async write(
    contents: readonly Written[],
    spoil: (object: Buffer) => Buffer = (object) => object,
  ): Promise<string> {
    const sequence = (sequences.get(this.id) ?? 0) + 1;
    sequences.set(this.id, sequence);
    const Key = journalKey(this.id, sequence);
    const entries = contents.map(({ bytes, ...entry }) => ({
      ...entry,
      bytes: bytes.length,
      crc32: crc32(bytes),
      fromMs: 0,
      keyframe: true,
    }));
    const Body = spoil(Buffer.concat([...contents.map(({ bytes }) => bytes), encodeIndex(entries)]));
    await this.#s3.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body }));
    return Key;
  }
}

/** What the journals of a recording's attempts have of it now, in the order in which it was written. */
export async function journaledOf(
  s3: S3Client,
  bucket: string,
  recordingId: string,
): Promise<JournalEntry[]> {
  const store = new StateStore(s3, bucket);
  const claims = (await store.list(attemptsPrefix(recordingId))).filter((key) => key.endsWith('/claim.json'));
  const journals = new Set<string>();
  for (const key of claims) {
    const claim = await store.read(key, claimSchema);
    if (claim?.value.journal !== undefined) journals.add(claim.value.journal);
  }
  const found: JournalEntry[] = [];
  for (const id of journals) {
    for (const key of await store.list(journalPrefix(id))) {
      const object = await readJournalObject(s3, { bucket, key });
      found.push(...(object?.entries.filter((entry) => entry.recordingId === recordingId) ?? []));
    }
  }
  return found;
}
