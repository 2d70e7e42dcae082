import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';

/** A request taken apart, before anything is known about who sent it. Addressing is path-style. */
export interface S3Request {
  readonly message: IncomingMessage;
  readonly method: string;
  /** Decoded, with its slash in front. */
  readonly path: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for a bucket. Never used as a path in the file system. */
  readonly key: string;
  readonly query: readonly (readonly [string, string])[];
  /** By lower-case name; those that a presigned URL carries in its query too. */
  readonly headers: ReadonlyMap<string, string>;
  readonly requestId: string;
}

const MAX_KEY_BYTES = 1024;

/** @throws S3Error InvalidURI, KeyTooLongError */
export function parseRequest(message: IncomingMessage, requestId: string): S3Request {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  // Not `new URL`: it would resolve `..`, which is an ordinary part of a key.
  const path = decode(mark === -1 ? url : url.slice(0, mark));
  const slash = path.indexOf('/', 1);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  const query = mark === -1 ? [] : parseQuery(url.slice(mark + 1));
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > MAX_KEY_BYTES)
    throw new S3Error('KeyTooLongError', undefined, { Size: keyBytes, MaxSizeAllowed: MAX_KEY_BYTES });
  return {
    message,
    method: message.method ?? '',
    path,
    bucket: path.slice(1, slash === -1 ? undefined : slash),
    key,
    query,
    headers: collectHeaders(message, query),
    requestId,
  };
}

/** What a presigned URL's signature needs; any other `x-amz-` parameter stands for the header of its name. */
const SIGNATURE_PARAMETERS = new Set(
  ['algorithm', 'content-sha256', 'credential', 'date', 'expires', 'security-token', 'signature'].map(
    (name) => `x-amz-${name}`,
  ),
).add('x-amz-signedheaders');

export function isSignatureParameter(name: string): boolean {
  return SIGNATURE_PARAMETERS.has(name.toLowerCase());
}

function collectHeaders(
  message: IncomingMessage,
  query: readonly (readonly [string, string])[],
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of query) {
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') && !SIGNATURE_PARAMETERS.has(lower)) headers.set(lower, value);
  }
  for (const [name, value] of Object.entries(message.headers)) {
    // Node reads bytes as Latin-1; clients send UTF-8.
    if (value !== undefined) headers.set(name, Buffer.from(String(value), 'latin1').toString('utf8'));
  }
  return headers;
}

function parseQuery(text: string): (readonly [string, string])[] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw Object.assign(new S3Error('InvalidURI', undefined, { URI: text }), { cause });
  }
}

export function queryValue(request: S3Request, name: string): string | undefined {
  return request.query.find(([key]) => key === name)?.[1];
}

/** By its lower-case name. */
export function header(request: S3Request, name: string): string | undefined {
  return request.headers.get(name);
}

/** @throws S3Error InvalidArgument when it is there and not a whole number in the range */
export function integerQuery(
  request: S3Request,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = queryValue(request, name);
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max)
    throw new S3Error('InvalidArgument', `Argument ${name} must be an integer between ${min} and ${max}`, {
      ArgumentName: name,
      ArgumentValue: text,
    });
  return value;
}
