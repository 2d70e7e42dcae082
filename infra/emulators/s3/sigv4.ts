import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { type Access, type Credentials, sameText } from '../shared/access.ts';
import { S3Error } from './errors.ts';
import { header, queryValue, type S3Request } from './request.ts';
import { uriEncode } from './text.ts';

/** AWS Signature Version 4, verified in the header's and in the presigned URL's form. */

/** What the signatures of an aws-chunked body go on from. */
export interface Signature {
  readonly signature: string;
  readonly signingKey: KeyObject;
  /** YYYYMMDDTHHMMSSZ. */
  readonly timestamp: string;
  readonly scope: string;
  /** `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD` of a presigned URL. */
  readonly payloadHash: string;
}

/** A signature, and whose it is. */
export interface OwnedSignature extends Signature {
  readonly accessKeyId: string;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly payloadHash: string;
  /** The query as it was signed. */
  readonly query: S3Request['query'];
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_S = 7 * 24 * 3600;

/** @throws S3Error as S3 answers a request that is not signed, or not rightly */
export function verifySignature(
  request: S3Request,
  access: Access,
  region: string,
  now: Date,
): OwnedSignature {
  const presigned = queryValue(request, 'X-Amz-Algorithm') !== undefined;
  const authorization = header(request, 'authorization');
  if (!presigned && authorization === undefined) throw new S3Error('AccessDenied');
  if (presigned && authorization !== undefined)
    throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed');
  const claim = presigned ? presignedClaim(request, now) : headerClaim(request, authorization ?? '', now);
  const { scope, credentials } = checkScope(claim, access, region, presigned);
  checkToken(request, credentials);
  checkSignedHeaders(request, claim.signedHeaders);

  const canonical = canonicalRequest(request, claim);
  const signingKey = signingKeyOf(credentials.secretAccessKey, scope);
  const toSign = [ALGORITHM, claim.timestamp, scope, sha256(canonical)].join('\n');
  const expected = hmac(signingKey, toSign).toString('hex');
  if (!sameText(expected, claim.signature))
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      AWSAccessKeyId: credentials.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    });
  return {
    accessKeyId: credentials.accessKeyId,
    signature: expected,
    signingKey,
    timestamp: claim.timestamp,
    scope,
    payloadHash: claim.payloadHash,
  };
}

/** One for all requests of a day and a secret. Of a key in a buffer, Node makes an object for each HMAC. */
const knownKeys = new Map<string, KeyObject>();
const KNOWN_KEYS = 64;

function signingKeyOf(secret: string, scope: string): KeyObject {
  const name = `${scope} ${secret}`;
  const known = knownKeys.get(name);
  if (known !== undefined) return known;
  const parts = scope.split('/');
  const bytes = parts.reduce<Buffer>((before, part) => hmac(before, part), Buffer.from(`AWS4${secret}`));
  const key = createSecretKey(bytes);
  if (knownKeys.size === KNOWN_KEYS) knownKeys.clear();
  knownKeys.set(name, key);
  return key;
}

/**
 * A role's credentials come with a token, a user's own have none. @throws S3Error InvalidToken, and InvalidAccessKeyId
 * for a role's key without its token
 */
function checkToken(request: S3Request, { accessKeyId, sessionToken }: Credentials): void {
  const given = header(request, 'x-amz-security-token') ?? queryValue(request, 'X-Amz-Security-Token');
  if (given === undefined && sessionToken !== undefined)
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId });
  if (given !== undefined && (sessionToken === undefined || !sameText(given, sessionToken)))
    throw new S3Error('InvalidToken');
}

function headerClaim(request: S3Request, authorization: string, now: Date): Claim {
  const [algorithm, rest = ''] = splitOnce(authorization, ' ');
  if (algorithm !== ALGORITHM) throw new S3Error('InvalidRequest', 'Please use AWS4-HMAC-SHA256.');
  const fields = new Map(
    rest.split(',').map((field): [string, string] => {
      const [name = '', value = ''] = splitOnce(field.trim(), '=');
      return [name, value];
    }),
  );
  const timestamp = header(request, 'x-amz-date') ?? '';
  const time = parseTimestamp(timestamp);
  if (time === undefined)
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  if (Math.abs(time - now.getTime()) > MAX_SKEW_MS)
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: timestamp,
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: MAX_SKEW_MS,
    });
  const payloadHash = header(request, 'x-amz-content-sha256');
  if (payloadHash === undefined)
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  return {
    credential: fields.get('Credential') ?? '',
    signedHeaders: (fields.get('SignedHeaders') ?? '').split(';'),
    signature: fields.get('Signature') ?? '',
    timestamp,
    payloadHash,
    query: request.query,
  };
}

function presignedClaim(request: S3Request, now: Date): Claim {
  const value = (name: string): string => {
    const found = queryValue(request, `X-Amz-${name}`);
    if (found === undefined)
      throw new S3Error(
        'AuthorizationQueryParametersError',
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
      );
    return found;
  };
  if (value('Algorithm') !== ALGORITHM)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"',
    );
  const timestamp = value('Date');
  const time = parseTimestamp(timestamp);
  const expiresText = value('Expires');
  const expiresS = Number(expiresText);
  if (time === undefined)
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Date must be in the ISO8601 Long Format');
  if (!/^\d+$/.test(expiresText) || expiresS > MAX_EXPIRES_S)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be between 0 and ${MAX_EXPIRES_S} seconds`,
    );
  if (time - now.getTime() > MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (now.getTime() > time + expiresS * 1000)
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': expiresS,
      Expires: new Date(time + expiresS * 1000).toISOString(),
      ServerTime: now.toISOString(),
    });
  return {
    credential: value('Credential'),
    signedHeaders: value('SignedHeaders').split(';'),
    signature: value('Signature'),
    timestamp,
    payloadHash:
      header(request, 'x-amz-content-sha256') ??
      queryValue(request, 'X-Amz-Content-Sha256') ??
      'UNSIGNED-PAYLOAD',
    query: request.query.filter(([name]) => name !== 'X-Amz-Signature'),
  };
}

/** @returns date/region/s3/aws4_request, and what the owner of its key has */
function checkScope(
  claim: Claim,
  access: Access,
  expectedRegion: string,
  presigned: boolean,
): { scope: string; credentials: Credentials } {
  const malformed = presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed';
  const parts = claim.credential.split('/');
  const [date, region, service, terminator] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '' || claim.signature === '') throw new S3Error(malformed);
  const credentials = access.credentials(accessKeyId);
  if (credentials === undefined)
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId });
  if (region !== expectedRegion)
    throw new S3Error(
      malformed,
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${expectedRegion}'`,
      { Region: expectedRegion },
    );
  if (service !== 's3' || terminator !== 'aws4_request' || date !== claim.timestamp.slice(0, 8))
    throw new S3Error(malformed);
  return { scope: `${date}/${region}/${service}/${terminator}`, credentials };
}

/** `host` and every `x-amz-` header have to be signed, or anyone on the way could add one. */
function checkSignedHeaders(request: S3Request, signed: readonly string[]): void {
  const needed = Object.keys(request.message.headers).filter(
    (name) => name === 'host' || (name.startsWith('x-amz-') && name !== 'x-amz-content-sha256'),
  );
  const missing = needed.filter((name) => !signed.includes(name));
  if (missing.length > 0)
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: missing.join(', '),
    });
}

function canonicalRequest(request: S3Request, claim: Claim): string {
  const headers = claim.signedHeaders.map(
    (name) => `${name}:${(header(request, name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  const query = claim.query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`);
  return [
    request.method,
    request.path.split('/').map(uriEncode).join('/'),
    query.join('&'),
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n');
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Milliseconds of YYYYMMDDTHHMMSSZ. */
function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

export function hmac(key: Buffer | KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(text: string | Uint8Array): string {
  return hash('sha256', text, 'hex');
}
