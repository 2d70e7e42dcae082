import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { RecordLink, RecordLinks } from '../core/api/views.ts';
import type { RecordingObjects } from '../core/state/fold.ts';

const LINK_EXPIRES_SECONDS = 3600;

/** Links to each part that is in the library. Signing is arithmetic: no request is made for a link. */
export async function presignParts(
  s3: S3Client,
  objects: RecordingObjects,
): Promise<Map<number, RecordLinks>> {
  const links = new Map<number, RecordLinks>();
  for (const [part, { moved }] of objects.parts) {
    if (moved === undefined) continue;
    const fileName = moved.key.split('/').at(-1) ?? moved.key;
    const sign = async (disposition: string): Promise<RecordLink> => ({
      url: await getSignedUrl(
        s3,
        new GetObjectCommand({
          Bucket: moved.bucket,
          Key: moved.key,
          VersionId: moved.versionId,
          ResponseContentDisposition: disposition,
        }),
        { expiresIn: LINK_EXPIRES_SECONDS },
      ),
      expiresInSeconds: LINK_EXPIRES_SECONDS,
    });
    links.set(part, {
      download: await sign(`attachment; filename*=UTF-8''${encodeExtended(fileName)}`),
      play: await sign('inline'),
    });
  }
  return links;
}

/** RFC 8187: what encodeURIComponent leaves and an extended parameter may not have. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
