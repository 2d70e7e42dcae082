import { S3ServiceException } from '@aws-sdk/client-s3';

/** Of S3's answers below 500: what is not there, or another one by now; too slow, in each other's way, too many. */
const NO_REFUSALS: ReadonlySet<number> = new Set([404, 408, 409, 412, 429]);

/**
 * S3 does not let us: a bucket policy, a key, an archived object. Somebody may mend that. S3's own words name roles and
 * accounts: they are for the log.
 */
export function isRefusal(error: unknown): error is S3ServiceException {
  if (!(error instanceof S3ServiceException)) return false;
  const status = error.$metadata.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && !NO_REFUSALS.has(status);
}
