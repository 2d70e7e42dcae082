import { rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '@aws-lambda-powertools/logger';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import { encodeIndex } from '../../functions/core/journal/format.ts';
import { type Logged, objectsOf, sequencesAfter } from '../../functions/core/journal/writeAhead.ts';
import { journalKey, journalPrefix, journalSequenceOfKey } from '../../functions/core/state/keys.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { readWriteAheadLog } from '../upload/writeAheadLog.ts';

export interface LeftFragmentsOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly log: Logger;
}

/** As large as a worker's own. */
const OBJECT_BYTES = 12 * 1024 * 1024;

/** Where a worker has its write-ahead log. @param name the worker's, in its journal's id */
export const writeAheadFolder = (spoolFolder: string, name: string): string =>
  path.join(spoolFolder, 'writeAhead', name);

/**
 * Writes what a dead worker had received and not saved yet into its journal, so that a rescuer finds it there.
 * @param id the journal's
 * @throws S3's and the disk's own errors: the log is still there
 */
export async function saveLeftFragments(
  { s3, store, log }: LeftFragmentsOptions,
  id: string,
  folder: string,
): Promise<void> {
  const left = await readWriteAheadLog(folder);
  if (left.length > 0) {
    const keys = await store.list(journalPrefix(id));
    const last = Math.max(0, ...keys.map((key) => journalSequenceOfKey(key) ?? 0));
    const objects = objectsOf(left, OBJECT_BYTES);
    const sequences = sequencesAfter(last, objects.length);
    // One after the other: process 1 of a host has little memory.
    for (const [i, logged] of objects.entries()) {
      const { body, checksum } = objectOf(logged);
      const place = { Bucket: store.bucket, Key: journalKey(id, sequences[i] ?? 0) };
      await s3.send(new PutObjectCommand({ ...place, Body: body, ChecksumCRC32: checksum }));
    }
    const bytes = left.reduce((sum, one) => sum + one.bytes.length, 0);
    log.info('what a dead worker had not saved is in its journal', { fragments: left.length, bytes });
  }
  await rm(folder, { recursive: true, force: true });
}

function objectOf(logged: readonly Logged[]): { readonly body: Buffer; readonly checksum: string } {
  const index = encodeIndex(logged.map(({ entry }) => entry));
  const body = Buffer.concat([...logged.map(({ bytes }) => bytes), index]);
  return { body, checksum: crc32ToBase64(crc32(body)) };
}
