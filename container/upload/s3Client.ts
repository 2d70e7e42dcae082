import type { Logger } from '@aws-lambda-powertools/logger';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { sendInSlices } from '../../functions/aws/slices.ts';
import { leaveMediaUnsigned } from '../../functions/aws/unsignedMedia.ts';
import { sendAtOnce } from './sendAtOnce.ts';
import { takeShortWay } from './shortWay.ts';

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
  return takeShortWay(leaveMediaUnsigned(sendInSlices(sendAtOnce(client))));
}

const nothing = (): void => undefined;
