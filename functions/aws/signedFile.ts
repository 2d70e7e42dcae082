import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { LinkedFile } from '../core/links/fileToken.ts';

/**
 * Where S3 answers for a file. Signing is arithmetic: no request is made.
 * @param isHead for HEAD, and not for GET: S3 signs the method with the address
 */
export function signFile(
  s3: S3Client,
  file: LinkedFile,
  { expiresInSeconds, isHead }: { readonly expiresInSeconds: number; readonly isHead: boolean },
): Promise<string> {
  const { bucket, key, versionId } = file;
  const input = { Bucket: bucket, Key: key, VersionId: versionId, ...answeredAs(file) };
  const signed = { expiresIn: expiresInSeconds };
  return isHead
    ? getSignedUrl(s3, new HeadObjectCommand(input), signed)
    : getSignedUrl(s3, new GetObjectCommand(input), signed);
}

function answeredAs({
  as,
  key,
}: LinkedFile): { readonly ResponseContentDisposition: string } | { readonly ResponseContentType: string } {
  switch (as) {
    case 'attachment':
      return {
        ResponseContentDisposition: `attachment; filename*=UTF-8''${encodeExtended(key.split('/').at(-1) ?? key)}`,
      };
    case 'inline':
      return { ResponseContentDisposition: 'inline' };
    case 'picture':
      return { ResponseContentType: 'image/jpeg' };
  }
}

/** RFC 8187: what encodeURIComponent leaves and an extended parameter may not have. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
