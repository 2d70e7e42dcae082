/** Who may read what in both buckets from a page: whoever is led there by a link, which hides the page's origin. */
export const BUCKET_CORS = {
  allowedOrigins: ['*'],
  allowedMethods: ['GET', 'HEAD'],
  allowedHeaders: ['range'],
  exposedHeaders: ['accept-ranges', 'content-length', 'content-range', 'etag'],
  maxAgeSeconds: 3_600,
} as const;

/** What pages of the origins that `corsOrigins` names may send to the API, and read: all that callers may. */
export const API_CORS = {
  allowedMethods: ['GET', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key', 'if-none-match', 'range'],
    ...['x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'],
  ],
  exposedHeaders: ['etag', 'location', 'retry-after', 'apigw-requestid'],
  maxAgeSeconds: 3_600,
} as const;
