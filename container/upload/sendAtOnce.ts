import type { S3Client } from '@aws-sdk/client-s3';
import { changingRequests, type SdkRequest } from '../../functions/aws/changingRequests.ts';

const FIRST_TRY = /^attempt=1;/;

/**
 * A client that sends large bodies without waiting for S3's leave, over connections that are used again. The SDK opens one
 * for each request that waits, with a handshake of TLS, and closes it behind it. What failed is sent as the SDK does it:
 * who refuses a body without reading it, and hangs up, may not have been heard.
 */
export const sendAtOnce = (client: S3Client): S3Client => changingRequests(client, atOnce);

/** The header is not signed. */
function atOnce(request: SdkRequest): Pick<SdkRequest, 'headers'> | undefined {
  const { Expect, ...headers } = request.headers;
  if (Expect === undefined || !FIRST_TRY.test(headers['amz-sdk-request'] ?? '')) return undefined;
  return { headers };
}
