import type { S3Client } from '@aws-sdk/client-s3';

/** As much of the SDK's request as is needed here. */
interface Request {
  readonly headers: Readonly<Partial<Record<string, string>>>;
}

const FIRST_TRY = /^attempt=1;/;

/**
 * A client that sends large bodies without waiting for S3's leave, over connections that are used again. The SDK opens one
 * for each request that waits, with a handshake of TLS, and closes it behind it. What failed is sent as the SDK does it:
 * who refuses a body without reading it, and hangs up, may not have been heard.
 */
export function sendAtOnce(client: S3Client): S3Client {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) => handle(atOnce(request), options);
  return client;
}

/** The header is not signed. */
function atOnce<T extends Request>(request: T): T {
  const { Expect, ...headers } = request.headers;
  if (Expect === undefined || !FIRST_TRY.test(headers['amz-sdk-request'] ?? '')) return request;
  return Object.assign(Object.create(Object.getPrototypeOf(request)), request, { headers });
}
