import { DeleteObjectsCommand, type ObjectIdentifier, type S3Client } from '@aws-sdk/client-s3';

/** S3 takes no more in one request. */
const DELETE_MAX_KEYS = 1_000;

/** Of an object that is not this version any more, or not there any more. */
const NOT_THIS_VERSION: ReadonlySet<string | undefined> = new Set(['PreconditionFailed', 'NoSuchKey']);

/** Deletes objects, as many with one request as S3 takes. @throws what S3 says of one that it did not delete */
export async function removeObjects(s3: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  await remove(
    s3,
    bucket,
    keys.map((Key) => ({ Key })),
  );
}

/**
 * Deletes the objects that still have these ETags.
 * @returns how many there were
 * @throws what S3 says of another one that it did not delete
 */
export async function removeVersions(
  s3: S3Client,
  bucket: string,
  objects: readonly { readonly key: string; readonly etag: string }[],
): Promise<number> {
  const kept = await remove(
    s3,
    bucket,
    objects.map(({ key, etag }) => ({ Key: key, ETag: etag })),
  );
  return objects.length - kept;
}

/** @returns how many were not this version */
async function remove(s3: S3Client, bucket: string, objects: readonly ObjectIdentifier[]): Promise<number> {
  let kept = 0;
  for (let at = 0; at < objects.length; at += DELETE_MAX_KEYS) {
    const Objects = objects.slice(at, at + DELETE_MAX_KEYS);
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const failed = Errors.find(({ Code }) => !NOT_THIS_VERSION.has(Code));
    if (failed !== undefined) throw new Error(`S3 did not delete ${failed.Key}: ${failed.Code}`);
    kept += Errors.length;
  }
  return kept;
}
