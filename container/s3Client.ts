import type { Logger } from '@aws-lambda-powertools/logger';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** As much of the SDK's request as is needed here. */
interface HttpRequest {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/** @param config what a test has no environment for */
export function recorderS3Client(log: Logger, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    // A connection that is silently dead must not hold a part for ever: the retry opens another.
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 20_000 },
    // Without one it warns to the console, which is no JSON. Errors are thrown, and logged where they are caught.
    logger: { debug: nothing, info: nothing, error: nothing, warn: (message: string) => log.warn(message) },
    ...config,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol, headers } = args.request as HttpRequest;
      // Every media byte goes out twice. TLS guards it, and its CRC-32 is in a signed header: a SHA-256 tells no more.
      if (protocol === 'https:' && CHECKSUM in headers) headers[PAYLOAD_HASH] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    // After the SDK's own checksums, before the signature.
    { step: 'build', priority: 'low', name: 'unsignedPayload' },
  );
  return client;
}

const CHECKSUM = 'x-amz-checksum-crc32';
const PAYLOAD_HASH = 'x-amz-content-sha256';

const nothing = (): void => undefined;
