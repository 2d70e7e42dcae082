import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { RecordAvailable } from '../core/events/published.ts';

const LINK_EXPIRES_SECONDS = 3600;

/** The record in the library as a file of its own name in a folder. @returns its path @throws Error for half a file */
export async function downloadRecord(s3: S3Client, record: RecordAvailable, folder: string): Promise<string> {
  const file = path.join(folder, record.key.split('/').at(-1) ?? record.recordingId);
  const { Body, ContentLength } = await s3.send(getRecord(record));
  await pipeline(Body as Readable, createWriteStream(file));
  const { size } = await stat(file);
  if (size !== ContentLength) throw new Error(`the record has ${ContentLength} bytes, and ${size} came`);
  return file;
}

/** A link to the record, good for an hour at most. */
export function linkToRecord(s3: S3Client, record: RecordAvailable): Promise<string> {
  return getSignedUrl(s3, getRecord(record), { expiresIn: LINK_EXPIRES_SECONDS });
}

function getRecord({ bucket, key, versionId }: RecordAvailable): GetObjectCommand {
  return new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
}
