import { hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import {
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  NotFound,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { BodyInPieces } from '../../functions/aws/slices.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { escaped, S3Signature } from './s3Signature.ts';

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

const FIELDS: ReadonlySet<string> = new Set([
  ...['Bucket', 'Key', 'Body', 'ChecksumCRC32', 'ContentType', 'ContentLength'],
  ...['UploadId', 'PartNumber'],
]);

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}
type Send = (command: { readonly input: ShortInput }, options?: SendOptions) => Promise<unknown>;

/**
 * What a recorder asks S3 for every few seconds, without what the SDK does around a request: its middleware, which it puts
 * together anew for each, and its signer. A HEAD, answered with ETag and length, a PUT without conditions, and an S3 part over TLS
 * are signed here and sent over the SDK's own connections. Where a bucket is the first request shows, which goes the SDK's way; and
 * so does each one whose answer is not simply yes or no, again: redirects, faults and retries are the SDK's.
 */
export function takeShortWay(client: S3Client): S3Client {
  const destinations = new Map<string, Destination>();
  const send = client.send.bind(client) as unknown as Send;
  const signature = signatureOf(client);
  const sendShort: Send = async (command, options) => {
    const { input } = command;
    const method = methodOf(command);
    const destination = destinations.get(input.Bucket ?? '');
    const isKnown = Object.keys(input).every((name) => FIELDS.has(name));
    if (method === undefined || destination === undefined || !isKnown || !isShort(input, destination))
      return send(command, options);
    const { abortSignal } = options ?? {};
    // What went wrong goes wrong once more, or was a connection that S3 had closed.
    const answer = await ask(client, signature, method, destination, input, abortSignal).catch(
      () => undefined,
    );
    abortSignal?.throwIfAborted();
    return (answer && outputOf(method, answer)) ?? send(command, options);
  };
  client.send = sendShort as unknown as S3Client['send'];
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

function methodOf(command: object): 'HEAD' | 'PUT' | undefined {
  if (command instanceof HeadObjectCommand) return 'HEAD';
  return command instanceof PutObjectCommand || command instanceof UploadPartCommand ? 'PUT' : undefined;
}

function signatureOf({ config }: S3Client): () => Promise<S3Signature> {
  let made: Promise<S3Signature> | undefined;
  return () => (made ??= config.region().then((region) => new S3Signature(region)));
}

async function ask(
  { config }: S3Client,
  signature: () => Promise<S3Signature>,
  method: 'HEAD' | 'PUT',
  { protocol, hostname, port, path }: Destination,
  input: ShortInput,
  abortSignal: AbortSignal | undefined,
): Promise<Answer> {
  const { Key = '', Body, UploadId, PartNumber } = input;
  const where = port === undefined ? { hostname } : { hostname, port };
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const asked = {
    method,
    path: `${path}/${pathOf(Key)}`,
    query: UploadId === undefined ? {} : { uploadId: UploadId, partNumber: String(PartNumber) },
    headers: { host, ...contentHeaders(input) },
    payloadHash: payloadHashOf(Body, protocol),
  };
  const nowMs = Date.now() + config.systemClockOffset;
  const headers = (await signature()).sign(asked, await config.credentials(), nowMs);
  const request = { ...where, protocol, method, path: asked.path, query: asked.query, headers, body: Body };
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

function contentHeaders({
  Body,
  ChecksumCRC32,
  ContentType = 'application/octet-stream',
}: ShortInput): Readonly<Record<string, string>> {
  if (Body === undefined) return {};
  return {
    'content-length': String(Body.byteLength),
    'content-type': ContentType,
    'x-amz-checksum-crc32': ChecksumCRC32 ?? checksumOf(Body),
  };
}

/** Over TLS nobody but S3 can change what it is sent, and S3 checks its CRC-32. */
function payloadHashOf(body: ShortInput['Body'], protocol: string): string {
  if (body !== undefined && protocol === 'https:') return 'UNSIGNED-PAYLOAD';
  return body === undefined ? HASH_OF_NOTHING : hash('sha256', body as Buffer);
}

const HASH_OF_NOTHING = hash('sha256', '');

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

const pathOf = (key: string): string => key.split('/').map(escaped).join('/');
