import type { S3Client } from '@aws-sdk/client-s3';

/** As much of the SDK's request as is needed here. */
interface HttpRequest {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/**
 * A client that does not sign what it uploads by SHA-256, over TLS: every media byte goes out twice. TLS guards it; S3
 * checks its CRC-32, and the CLI of AWS signs no more either.
 */
export function leaveMediaUnsigned(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const { protocol, headers } = args.request as HttpRequest;
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
