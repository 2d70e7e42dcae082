import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';

/** S3 takes no more in one request. */
const DELETE_MAX_KEYS = 1_000;

/** Deletes objects, as many with one request as S3 takes. @throws what S3 says of one that it did not delete */
export async function removeObjects(s3: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DELETE_MAX_KEYS) {
    const Objects = keys.slice(at, at + DELETE_MAX_KEYS).map((Key) => ({ Key }));
    const { Errors: [failed] = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    if (failed !== undefined) throw new Error(`S3 did not delete ${failed.Key}: ${failed.Code}`);
  }
}
