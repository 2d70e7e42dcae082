import type { S3Client } from '@aws-sdk/client-s3';

/** As much of the SDK's requests as is changed. */
export interface SdkRequest {
  readonly protocol: string;
  readonly headers: Readonly<Partial<Record<string, string>>>;
  readonly body?: unknown;
}

/**
 * A client whose requests are changed behind the SDK's signature, each try anew.
 * @param change what is put in place of the request's own; undefined: it goes out as it is
 */
export function changingRequests(
  client: S3Client,
  change: (request: SdkRequest) => Partial<SdkRequest> | undefined,
): S3Client {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) => handle(changed(request, change(request)), options);
  return client;
}

function changed<T extends SdkRequest>(request: T, changes: Partial<SdkRequest> | undefined): T {
  if (changes === undefined) return request;
  return Object.assign(Object.create(Object.getPrototypeOf(request)), request, changes);
}
