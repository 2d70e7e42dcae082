import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { abortUpload } from '../aws/multipartUpload.ts';

/** A function ends after five minutes: an upload that state does not name by then is nobody's. */
const NOBODYS_AFTER_MS = 10 * 60_000;

/** Aborts uploads under a key whose maker died before it could say that they are its own. */
export async function abortNobodysUploads(
  s3: S3Client,
  bucket: string,
  key: string,
  nowMs: number,
): Promise<void> {
  const { Uploads: uploads = [] } = await s3.send(
    new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }),
  );
  for (const { Key, UploadId, Initiated } of uploads) {
    const isOld = Initiated !== undefined && nowMs - Initiated.getTime() >= NOBODYS_AFTER_MS;
    if (Key === key && UploadId !== undefined && isOld)
      await abortUpload(s3, { bucket, key, uploadId: UploadId });
  }
}
