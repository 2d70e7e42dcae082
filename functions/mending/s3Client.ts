import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { sendInSlices } from '../aws/slices.ts';
import { leaveMediaUnsigned } from '../aws/unsignedMedia.ts';

/** For whoever rescues: it takes bodies in pieces, and leaves what it reads to the reader's own CRC-32. */
export function rescuerS3Client(configuration: S3ClientConfig = {}): S3Client {
  return leaveMediaUnsigned(sendInSlices(readUnchecked(new S3Client(configuration))));
}

/**
 * A client that asks S3 for no checksum of what it reads: an object of a journal has one for each of its entries, and with
 * S3's the SDK looks through the same bytes once more, in a stream of its own. Not by `responseChecksumValidation`: then the
 * SDK sends the CRC-32 of nothing with each read.
 */
function readUnchecked(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => (args) => {
      delete (args.request as { readonly headers: Record<string, string> }).headers['x-amz-checksum-mode'];
      return next(args);
    },
    // After the SDK's own checksums, before the signature.
    { step: 'build', priority: 'low', name: 'readUnchecked' },
  );
  return client;
}
