import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type HeadObjectCommandOutput, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { BodyInPieces } from '../../functions/aws/slices.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';

/** As much of the SDK's request as is needed here. */
interface Destination {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readable;
}

/** Of a command's input, what is asked for in the short way; one that has more goes the long one. */
interface ShortInput {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly Body?: Buffer | BodyInPieces;
  /** Of the body, in base64. */
  readonly ChecksumCRC32?: string;
  readonly ContentType?: string;
  readonly ContentLength?: number;
  /** Of an S3 part, and with it its number. */
  readonly UploadId?: string;
  readonly PartNumber?: number;
}

const METHODS: Readonly<Record<string, 'HEAD' | 'PUT'>> = {
  HeadObjectCommand: 'HEAD',
  PutObjectCommand: 'PUT',
  UploadPartCommand: 'PUT',
};
const FIELDS: ReadonlySet<string> = new Set([
  ...['Bucket', 'Key', 'Body', 'ChecksumCRC32', 'ContentType', 'ContentLength'],
  ...['UploadId', 'PartNumber'],
]);

/**
 * What a recorder asks S3 for every few seconds, without what the SDK does around a request: 3 ms of CPU each in place of
 * 6. A HEAD, answered with ETag and length, a PUT without conditions, and an S3 part over TLS are signed and sent with the SDK's
 * own signer and connections. Where a bucket is the first request shows, which goes the SDK's way; and so does each one whose answer is not
 * simply yes or no, again: redirects, faults and retries are the SDK's.
 */
export function takeShortWay(client: S3Client): S3Client {
  const destinations = new Map<string, Destination>();
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as ShortInput;
      const method = METHODS[context.commandName ?? ''];
      const destination = destinations.get(input.Bucket ?? '');
      const isKnown = Object.keys(input).every((name) => FIELDS.has(name));
      if (method === undefined || destination === undefined || !isKnown || !isShort(input, destination))
        return next(args);
      const abortSignal = abortSignalOf(context);
      // What went wrong goes wrong once more, or was a connection that S3 had closed.
      const answer = await ask(client, method, destination, input, abortSignal).catch(() => undefined);
      abortSignal?.throwIfAborted();
      const output = answer === undefined ? undefined : outputOf(method, answer);
      return output === undefined ? next(args) : { response: answer, output: output as never };
    },
    { step: 'initialize', priority: 'high', name: 'shortWay' },
  );
  client.middlewareStack.add(
    (next) => (args) => {
      const { Bucket = '', Key = '' } = args.input as ShortInput;
      const { protocol, hostname, port, path } = args.request as Destination;
      const end = `/${pathOf(Key)}`;
      const isKnown = Key !== '' && path.endsWith(end);
      const where = { protocol, hostname, path: path.slice(0, -end.length) };
      if (isKnown) destinations.set(Bucket, port === undefined ? where : { ...where, port });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'shortWayShown' },
  );
  return client;
}

async function ask(
  { config }: S3Client,
  method: 'HEAD' | 'PUT',
  { protocol, hostname, port, path }: Destination,
  input: ShortInput,
  abortSignal: AbortSignal | undefined,
): Promise<Answer> {
  const { Key = '', Body, UploadId, PartNumber } = input;
  const signer = await config.signer();
  const request = await signer.sign(
    {
      method,
      protocol,
      hostname,
      ...(port === undefined ? {} : { port }),
      path: `${path}/${pathOf(Key)}`,
      query: UploadId === undefined ? {} : { uploadId: UploadId, partNumber: String(PartNumber) },
      headers: {
        host: port === undefined ? hostname : `${hostname}:${port}`,
        ...contentHeaders(input, protocol),
      },
      body: Body,
    },
    { signingDate: new Date(Date.now() + config.systemClockOffset) },
  );
  const options = abortSignal === undefined ? {} : { abortSignal };
  const { response } = await config.requestHandler.handle(request as never, options);
  // Nothing in it is read; the connection is used again, from its end on.
  await finished((response.body as Readable).resume(), { ...(abortSignal && { signal: abortSignal }) });
  return response;
}

/** Pieces are never put together to be signed: only TLS makes up for that. A stream cannot be sent a second time. */
function isShort({ Body }: ShortInput, { protocol }: Destination): boolean {
  if (Body instanceof BodyInPieces) return protocol === 'https:';
  return Body === undefined || Buffer.isBuffer(Body);
}

function contentHeaders(
  { Body, ChecksumCRC32, ContentType = 'application/octet-stream' }: ShortInput,
  protocol: string,
): Readonly<Record<string, string>> {
  if (Body === undefined) return {};
  return {
    'content-length': String(Body.byteLength),
    'content-type': ContentType,
    'x-amz-checksum-crc32': ChecksumCRC32 ?? checksumOf(Body),
    ...(protocol === 'https:' && { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
  };
}

function checksumOf(body: Buffer | BodyInPieces): string {
  const pieces = Buffer.isBuffer(body) ? [body] : body.pieces;
  return crc32ToBase64(pieces.reduce((before, piece) => crc32(piece, before), 0));
}

/** Undefined for what the SDK is to find out. @throws NotFound */
function outputOf(
  method: 'HEAD' | 'PUT',
  { statusCode, headers }: Answer,
): Pick<HeadObjectCommandOutput, 'ETag' | 'ContentLength' | '$metadata'> | undefined {
  const $metadata = { httpStatusCode: statusCode };
  if (method === 'HEAD' && statusCode === 404) throw new NotFound({ message: 'NotFound', $metadata });
  if (statusCode !== 200) return undefined;
  const ETag = headers.etag;
  const length = method === 'HEAD' ? { ContentLength: Number(headers['content-length']) } : {};
  return { ...(ETag === undefined ? {} : { ETag }), ...length, $metadata };
}

/** The SDK keeps what a caller gave to `send` beside the command's name. */
function abortSignalOf(context: object): AbortSignal | undefined {
  const { __smithy_context: smithy } = context as {
    readonly __smithy_context?: { readonly abortSignal?: AbortSignal };
  };
  return smithy?.abortSignal;
}

const pathOf = (key: string): string =>
  key
    .split('/')
    .map((name) => encodeURIComponent(name).replace(/[!'()*]/g, percent))
    .join('/');
const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
