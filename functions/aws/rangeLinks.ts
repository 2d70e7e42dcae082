import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** Bytes of an object that lie together. */
export interface ObjectRange {
  readonly bucket: string;
  readonly key: string;
  readonly firstByte: number;
  /** One at least. */
  readonly bytes: number;
}

/**
 * A link to this range and to nothing else of the object, for objects that hold more than its receiver may have. The
 * signature covers the Range header: a request with exactly this one (`rangeHeader`) is answered with 206, one with
 * another range, or with none, with 403. A browser sends it along a redirect as it was, without a preflight.
 * Signing is arithmetic: no request is made.
 * @param isHead for HEAD, and not for GET
 * @throws RangeError the range is empty: S3 has no way to say that
 */
export async function signRange(
  s3: S3Client,
  range: ObjectRange,
  { expiresInSeconds, isHead = false }: { readonly expiresInSeconds: number; readonly isHead?: boolean },
): Promise<string> {
  const input = { Bucket: range.bucket, Key: range.key, Range: rangeHeader(range) };
  const signed = { expiresIn: expiresInSeconds };
  return isHead
    ? getSignedUrl(s3, new HeadObjectCommand(input), signed)
    : getSignedUrl(s3, new GetObjectCommand(input), signed);
}

/** As whoever follows the link has to send it. @throws RangeError */
export function rangeHeader({ firstByte, bytes }: Pick<ObjectRange, 'firstByte' | 'bytes'>): string {
  if (!Number.isSafeInteger(firstByte) || !Number.isSafeInteger(bytes) || firstByte < 0 || bytes < 1)
    throw new RangeError(`no range: ${bytes} bytes from ${firstByte} on`);
  return `bytes=${firstByte}-${firstByte + bytes - 1}`;
}
