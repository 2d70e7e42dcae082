import type { Logger } from '@aws-lambda-powertools/logger';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** As much of the SDK's request as is needed here. */
interface HttpRequest {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/** @param config what a test has no environment for */
export function recorderS3Client(log: Logger, config: S3ClientConfig = {}): S3Client {
  // Without one the SDK warns to the console, which is no JSON. What it warns of is thrown as well, or mended.
  const ownLogger = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (text: string) => log.debug(text),
  };
  const client = new S3Client({
    // A connection that is silently dead must not hold a part for ever: the retry opens another.
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 20_000, logger: ownLogger },
    logger: ownLogger,
    ...config,
  });
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const { protocol, headers } = args.request as HttpRequest;
        // Every media byte goes out twice. TLS guards it; S3 checks its CRC-32, and the CLI of AWS signs no more either.
        if (protocol === 'https:' && WITH_MEDIA.has(commandName)) headers[PAYLOAD_HASH] = 'UNSIGNED-PAYLOAD';
        return next(args);
      },
    // After the SDK's own checksums, before the signature.
    { step: 'build', priority: 'low', name: 'unsignedPayload' },
  );
  return client;
}

const WITH_MEDIA: ReadonlySet<string> = new Set(['UploadPartCommand', 'PutObjectCommand']);
const PAYLOAD_HASH = 'x-amz-content-sha256';

const nothing = (): void => undefined;
