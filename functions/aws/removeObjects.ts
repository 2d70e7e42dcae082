import { DeleteObjectsCommand, type ObjectIdentifier, type S3Client } from '@aws-sdk/client-s3';
import { workOn } from './multipartUpload.ts';

/** S3 takes no more in one request. */
const DELETE_MAX_KEYS = 1_000;
const REQUESTS_AT_ONCE = 4;

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
  const pages = Array.from({ length: Math.ceil(objects.length / DELETE_MAX_KEYS) }, (_, page) =>
    objects.slice(page * DELETE_MAX_KEYS, (page + 1) * DELETE_MAX_KEYS),
  );
  let kept = 0;
  const removePage = async (Objects: ObjectIdentifier[]): Promise<void> => {
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const failed = Errors.find(({ Code }) => !NOT_THIS_VERSION.has(Code));
    if (failed !== undefined) throw new Error(`S3 did not delete ${failed.Key}: ${failed.Code}`);
    kept += Errors.length;
  };
  await workOn(pages, REQUESTS_AT_ONCE, () => true, removePage);
  return kept;
}
