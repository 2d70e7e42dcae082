import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { CONTENT_TYPES } from '../../functions/core/media/contentTypes.ts';
import { fileName } from '../../functions/core/names/index.ts';
import { partNameValues } from '../../functions/core/names/recordNames.ts';
import { partKey, recordKey } from '../../functions/core/state/keys.ts';
import { type OpenPart, openPartSchema } from '../../functions/core/state/partObjects.ts';
import type { AttemptContext } from '../attempt/context.ts';

/** What a part's first fragment says of it. */
export type PartFacts = Omit<OpenPart, 'attempt' | 'key' | 'uploadId' | 'fileName'>;

/** Creates a part's upload and takes its number; undefined when another attempt has that. @throws S3's faults */
export async function takePart(
  { job, attempt, store, s3 }: Pick<AttemptContext, 'job' | 'attempt' | 'store' | 's3'>,
  facts: PartFacts,
): Promise<OpenPart | undefined> {
  const { part, format } = facts;
  const { name } = fileName(partNameValues(job, facts), job.settings.names, format);
  const key = recordKey(job.recordingId, attempt, name);
  const created = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket: store.bucket,
      Key: key,
      ContentType: CONTENT_TYPES[format],
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
      Metadata: { 'recording-id': job.recordingId, part: String(part) },
    }),
  );
  const open: OpenPart = { ...facts, attempt, key, uploadId: created.UploadId ?? '', fileName: name };
  const openKey = partKey(job.recordingId, part, 'open');
  if (await store.create(openKey, open)) return open;
  const known = await store.read(openKey, openPartSchema);
  // A retried write whose first answer was lost finds itself.
  if (known?.value.uploadId === open.uploadId) return open;
  await s3.send(new AbortMultipartUploadCommand({ Bucket: store.bucket, Key: key, UploadId: open.uploadId }));
  return undefined;
}
