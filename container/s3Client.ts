import type { Logger } from '@aws-lambda-powertools/logger';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** @param config what a test has no environment for */
export function recorderS3Client(log: Logger, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    // A connection that is silently dead must not hold a part for ever: the retry opens another.
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 20_000 },
    // Without one it warns to the console, which is no JSON. Errors are thrown, and logged where they are caught.
    logger: { debug: nothing, info: nothing, error: nothing, warn: (message: string) => log.warn(message) },
    ...config,
  });
}

const nothing = (): void => undefined;
