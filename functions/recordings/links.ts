import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { PresignedLink, RecordLinks } from '../core/api/views.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import type { MovedPart } from '../core/state/partObjects.ts';

const LINK_EXPIRES_SECONDS = 3600;

/**
 * Links to parts that are in the library. Signing is arithmetic: no request is made for a link.
 * @param parts all of them by default
 */
export async function presignParts(
  s3: S3Client,
  objects: RecordingObjects,
  parts: Iterable<number> = objects.parts.keys(),
): Promise<Map<number, RecordLinks>> {
  const links = new Map<number, RecordLinks>();
  for (const part of parts) {
    const moved = objects.parts.get(part)?.moved;
    if (moved !== undefined) links.set(part, await presignRecord(s3, moved));
  }
  return links;
}

/** Links to one object in the library. */
export async function presignRecord(
  s3: S3Client,
  { bucket, key, versionId }: Pick<MovedPart, 'bucket' | 'key' | 'versionId'>,
): Promise<RecordLinks> {
  const fileName = key.split('/').at(-1) ?? key;
  const sign = async (disposition: string): Promise<PresignedLink> => {
    const object = {
      Bucket: bucket,
      Key: key,
      VersionId: versionId,
      ResponseContentDisposition: disposition,
    };
    const options = { expiresIn: LINK_EXPIRES_SECONDS };
    return {
      url: await getSignedUrl(s3, new GetObjectCommand(object), options),
      headUrl: await getSignedUrl(s3, new HeadObjectCommand(object), options),
      expiresInSeconds: LINK_EXPIRES_SECONDS,
    };
  };
  return {
    download: await sign(`attachment; filename*=UTF-8''${encodeExtended(fileName)}`),
    play: await sign('inline'),
  };
}

/** RFC 8187: what encodeURIComponent leaves and an extended parameter may not have. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
