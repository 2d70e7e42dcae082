import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { RECORDS_PREFIX } from '../core/state/keys.ts';

export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** Longer than any recorder takes to finish a part that S3 takes its time for. */
const UPLOAD_OVERDUE_MS = 30 * 60_000;

/** Uploads of recorders that were begun a while ago, a page at a time, in the order of their keys. */
export async function* overdueUploads(
  s3: S3Client,
  bucket: string,
  nowMs: number,
): AsyncGenerator<readonly OpenUpload[]> {
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (markers !== undefined) {
    const page: Awaited<ReturnType<typeof list>> = await list(s3, bucket, markers);
    yield (page.Uploads ?? [])
      .filter(({ Initiated }) => nowMs - (Initiated?.getTime() ?? 0) >= UPLOAD_OVERDUE_MS)
      .map(({ Key = '', UploadId = '' }) => ({ key: Key, uploadId: UploadId }));
    markers =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
  }
}

const list = (
  s3: S3Client,
  Bucket: string,
  markers: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined },
) => s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: RECORDS_PREFIX, ...markers }));
