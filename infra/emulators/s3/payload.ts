import { createHash } from 'node:crypto';
import { decodeAwsChunked } from './awsChunked.ts';
import {
  badDigest,
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checkDigest,
  checksumHeader,
  parseAlgorithm,
  runningChecksum,
} from './checksums.ts';
import { S3Error } from './errors.ts';
import { header, type S3Request } from './request.ts';
import type { Signature } from './sigv4.ts';

/** The body of a request: unframed, and verified against everything that the client said about it. */

export interface Payload {
  /** The checksum that the client sends, in a header or at the end of the body. */
  readonly claimed: ChecksumAlgorithm | undefined;
  /** Bytes announced. */
  readonly bytes: number;
  /**
   * Hands all bytes to the sink, in order.
   *
   * @param algorithm of the checksum returned, computed besides the one claimed
   * @throws S3Error BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, SignatureDoesNotMatch
   */
  receive(algorithm: ChecksumAlgorithm, sink: (chunk: Uint8Array) => Promise<void>): Promise<Received>;
}

export interface Received {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly md5: string;
  /** Base64, of the algorithm asked for. */
  readonly checksum: string;
  /** What the client has sent, if it has; verified. */
  readonly claimed: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

const STREAMING = new Set([
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

/**
 * @param checksumIsOfBody false where `x-amz-checksum-` headers speak of the object instead
 * @throws S3Error when what the headers say of the body cannot be
 */
export function readPayload(
  request: S3Request,
  signature: Signature,
  body: () => AsyncIterable<Buffer>,
  checksumIsOfBody = true,
): Payload {
  const { payloadHash } = signature;
  const streaming = STREAMING.has(payloadHash);
  if (!streaming && payloadHash !== 'UNSIGNED-PAYLOAD' && !/^[0-9a-f]{64}$/.test(payloadHash))
    throw new S3Error(
      payloadHash.startsWith('STREAMING-') ? 'NotImplemented' : 'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    );
  const bytes = announcedBytes(request, streaming);
  const contentMd5 = parseContentMd5(header(request, 'content-md5'));
  const claim = checksumIsOfBody ? claimedChecksum(request) : undefined;

  return {
    claimed: claim?.algorithm,
    bytes,
    async receive(algorithm, sink) {
      const signed = payloadHash.startsWith('STREAMING-AWS4-HMAC');
      const { bytes: source, trailers } = streaming
        ? decodeAwsChunked(body(), signed ? signature : undefined)
        : { bytes: body(), trailers: new Map<string, string>() };
      const md5 = createHash('md5');
      const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash('sha256') : undefined;
      const checksums = new Map(
        [algorithm, claim?.algorithm ?? algorithm].map((a) => [a, runningChecksum(a)]),
      );
      let received = 0;
      for await (const chunk of source) {
        received += chunk.length;
        if (received > bytes) throw new S3Error('IncompleteBody');
        md5.update(chunk);
        sha256?.update(chunk);
        for (const running of checksums.values()) running.update(chunk);
        await sink(chunk);
      }
      if (received < bytes) throw new S3Error('IncompleteBody');
      const computedSha256 = sha256?.digest('hex') ?? payloadHash;
      if (computedSha256 !== payloadHash && !streaming)
        throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
          ClientComputedContentSHA256: payloadHash,
          S3ComputedContentSHA256: computedSha256,
        });
      const md5Hex = md5.digest('hex');
      if (contentMd5 !== undefined && contentMd5 !== md5Hex) throw new S3Error('BadDigest');
      const digests = new Map([...checksums].map(([a, running]) => [a, running.digest().toString('base64')]));
      let claimed: Received['claimed'];
      if (claim !== undefined) {
        const value = claim.value ?? trailers.get(checksumHeader(claim.algorithm));
        if (value === undefined)
          throw new S3Error('InvalidRequest', 'The trailer that x-amz-trailer announces is missing.');
        if (checkDigest(claim.algorithm, value) !== digests.get(claim.algorithm))
          throw badDigest(claim.algorithm);
        claimed = { algorithm: claim.algorithm, value };
      }
      return { bytes: received, md5: md5Hex, checksum: digests.get(algorithm) ?? '', claimed };
    },
  };
}

function announcedBytes(request: S3Request, streaming: boolean): number {
  const text = header(request, streaming ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) {
    const hasBody = streaming || header(request, 'transfer-encoding') !== undefined;
    const storesBody = request.method === 'PUT' && header(request, 'x-amz-copy-source') === undefined;
    if (hasBody || storesBody) throw new S3Error('MissingContentLength');
    return 0;
  }
  const bytes = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(bytes))
    throw new S3Error('InvalidArgument', 'The length of the body is not a number.');
  return bytes;
}

/** @returns hexadecimal */
function parseContentMd5(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new S3Error('InvalidDigest');
  return bytes.toString('hex');
}

/** `value` is undefined where it comes as a trailer. */
function claimedChecksum(
  request: S3Request,
): { algorithm: ChecksumAlgorithm; value: string | undefined } | undefined {
  const inHeaders = CHECKSUM_ALGORITHMS.filter(
    (algorithm) => header(request, checksumHeader(algorithm)) !== undefined,
  );
  const trailer = header(request, 'x-amz-trailer')?.trim().toLowerCase();
  const inTrailer = CHECKSUM_ALGORITHMS.find((algorithm) => checksumHeader(algorithm) === trailer);
  if (trailer !== undefined && inTrailer === undefined)
    throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
  if (inHeaders.length + (inTrailer === undefined ? 0 : 1) > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  const algorithm = inHeaders[0] ?? inTrailer;
  const announced = header(request, 'x-amz-sdk-checksum-algorithm');
  if (announced !== undefined) {
    const named = parseAlgorithm(announced);
    if (algorithm === undefined)
      throw new S3Error(
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    if (named !== algorithm)
      throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
  if (algorithm === undefined) return undefined;
  const value = header(request, checksumHeader(algorithm));
  return { algorithm, value: value === undefined ? undefined : checkDigest(algorithm, value) };
}

/** The whole body, for documents. @throws S3Error MaxMessageLengthExceeded */
export async function readDocument(payload: Payload): Promise<Buffer> {
  if (payload.bytes > MAX_DOCUMENT_BYTES)
    throw new S3Error('MaxMessageLengthExceeded', undefined, { MaxMessageLengthBytes: MAX_DOCUMENT_BYTES });
  const chunks: Uint8Array[] = [];
  await payload.receive('CRC32', async (chunk) => {
    chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

/** 1,000 long keys, or 10,000 parts with checksums, and some. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
