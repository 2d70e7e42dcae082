import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { MovedPart } from '../core/state/partObjects.ts';

/** What the function can read in its time, with as much again to spare. */
export const SHA256_MAX_BYTES = 10 * 1000 ** 3;

/**
 * SHA-256 of a record in the library, in hex, out of the bytes that are there. S3 has none of a whole object that was made of
 * parts, and the recorder writes a file's head last, so nobody has seen its bytes in their order before.
 * @param hasTime asked while it is read
 * @returns undefined where it is too large, or the time is over
 */
export async function sha256Of(
  s3: S3Client,
  { bucket, key, etag, bytes }: MovedPart,
  hasTime: () => boolean,
): Promise<string | undefined> {
  if (bytes > SHA256_MAX_BYTES) return undefined;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }));
  const hash = createHash('sha256');
  // Leaving the loop ends the download.
  for await (const chunk of Body as Readable) {
    if (!hasTime()) return undefined;
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
