import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { CONTENT_TYPES } from '../../functions/core/media/contentTypes.ts';
import type { PartMuxer } from '../../functions/core/media/types.ts';
import { fileName } from '../../functions/core/names/index.ts';
import { partNameValues } from '../../functions/core/names/recordNames.ts';
import type { LeftOut } from '../../functions/core/settings/selectTracks.ts';
import { partKey, recordKey } from '../../functions/core/state/keys.ts';
import { type OpenPart, openPartSchema } from '../../functions/core/state/partObjects.ts';
import type { AttemptContext } from '../attempt/context.ts';

/** What a part's first fragment says of it. */
export type PartFacts = Omit<OpenPart, 'attempt' | 'key' | 'uploadId' | 'fileName'>;

export interface OpenedFile extends Pick<PartFacts, 'format' | 'openedAtMs'> {
  /** The attempt's first, second, … file. */
  readonly file: number;
  /** Streams of the source that are not recorded. */
  readonly leftOut: readonly LeftOut[];
  /** Wall clock of the attempt's media time zero, in epoch milliseconds. */
  readonly zeroAtMs: number;
  /** Somebody may watch what is recorded. */
  readonly isPlayed: boolean;
}

/** What is known of a file as it opens, but its number. */
export function factsOf(
  { file, format, openedAtMs, leftOut, zeroAtMs, isPlayed }: OpenedFile,
  { head, playedHead, summary, tracks }: Pick<PartMuxer, 'head' | 'playedHead' | 'summary' | 'tracks'>,
): Omit<PartFacts, 'part'> {
  const isTold = isPlayed && playedHead !== undefined && playedHead.length > 0;
  return {
    file,
    format,
    startTimeMs: Math.round(zeroAtMs + summary.startMs),
    openedAtMs,
    tracks: [...tracks],
    ...(leftOut.length === 0 ? {} : { leftOut: [...leftOut] }),
    ...(isTold ? { init: playedHead.toString('base64') } : {}),
    ...(isTold && !head.equals(playedHead) ? { head: head.toString('base64') } : {}),
  };
}

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
