import type { S3Client } from '@aws-sdk/client-s3';
import { removeVersions } from '../aws/removeObjects.ts';
import type { Clip } from '../core/clips/clip.ts';
import { isClip } from '../core/clips/clipName.ts';
import { headObject } from '../relocation/landedRecord.ts';

/** Deletes what lies under a name in the library if it is this clip. */
export async function removeClip(
  s3: S3Client,
  bucket: string,
  key: string,
  clip: Pick<Clip, 'recordingId' | 'clipId'>,
): Promise<void> {
  const object = await headObject(s3, bucket, key);
  if (object === undefined || !isClip(object.Metadata, clip)) return;
  await removeVersions(s3, bucket, [{ key, etag: object.ETag ?? '' }]);
}
