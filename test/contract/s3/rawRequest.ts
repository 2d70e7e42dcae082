import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ContractEndpoint } from './support.ts';

/** Signed requests made by hand, for what no SDK sends. Written from the SigV4 documentation, not from the endpoint. */

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RawRequest {
  readonly method: string;
  /** As it goes over the wire, percent-encoded, with the bucket. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** `x-amz-content-sha256`; that of the body by default. */
  readonly payloadHash?: string;
  readonly date?: Date;
  /** Changes what has been signed. */
  readonly tamper?: (headers: Record<string, string>) => void;
  /** Makes the body from the signature of the headers, for chunks that are signed. */
  readonly chunks?: (seed: ChunkSeed) => Buffer;
}

export interface ChunkSeed {
  readonly signature: string;
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
}

const hash = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export async function rawRequest(endpoint: ContractEndpoint, spec: RawRequest): Promise<RawAnswer> {
  const url = new URL(endpoint.url);
  const timestamp = `${(spec.date ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const scope = `${timestamp.slice(0, 8)}/${endpoint.region}/s3/aws4_request`;
  const query = Object.entries(spec.query ?? {})
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': spec.payloadHash ?? hash(spec.body ?? ''),
    ...spec.headers,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    spec.method,
    spec.path,
    query,
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (previous, part) => hmac(previous, part),
      Buffer.from(`AWS4${endpoint.credentials.secretAccessKey}`),
    );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', timestamp, scope, hash(canonical)].join('\n')).toString(
    'hex',
  );
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${endpoint.credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  spec.tamper?.(headers);
  const body = spec.chunks?.({ signature, key, timestamp, scope }) ?? Buffer.from(spec.body ?? '');
  return send(`${spec.path}${query === '' ? '' : `?${query}`}`, url, spec.method, headers, body);
}

/** Sends it as it is, unsigned. */
export function send(
  target: string,
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<RawAnswer> {
  const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = make(
      {
        hostname: url.hostname,
        port: url.port,
        path: target,
        method,
        headers: { 'content-length': String(body.length), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export function errorCode(answer: RawAnswer): string | undefined {
  return /<Code>([^<]*)<\/Code>/.exec(answer.body)?.[1];
}

/** Frames and signs chunks as STREAMING-AWS4-HMAC-SHA256-PAYLOAD, with trailers when there are any. */
export function signedChunks(
  chunks: readonly (Buffer | string)[],
  seed: ChunkSeed,
  trailers?: Readonly<Record<string, string>>,
): Buffer {
  let previous = seed.signature;
  const sign = (kind: string, ...hashes: string[]) => {
    previous = hmac(seed.key, [kind, seed.timestamp, seed.scope, previous, ...hashes].join('\n')).toString(
      'hex',
    );
    return previous;
  };
  const framed = [...chunks, ''].flatMap((chunk) => {
    const bytes = Buffer.from(chunk);
    const signature = sign('AWS4-HMAC-SHA256-PAYLOAD', hash(''), hash(bytes));
    const line = `${bytes.length.toString(16)};chunk-signature=${signature}\r\n`;
    const last = bytes.length === 0;
    return [Buffer.from(line), bytes, Buffer.from(last && trailers !== undefined ? '' : '\r\n')];
  });
  if (trailers === undefined) return Buffer.concat(framed);
  const entries = Object.entries(trailers);
  const signature = sign(
    'AWS4-HMAC-SHA256-TRAILER',
    hash(entries.map(([name, value]) => `${name}:${value}\n`).join('')),
  );
  const lines = [...entries, ['x-amz-trailer-signature', signature]].map(
    ([name, value]) => `${name}:${value}\r\n`,
  );
  return Buffer.concat([...framed, Buffer.from(`${lines.join('')}\r\n`)]);
}

/** Frames chunks without signatures, as STREAMING-UNSIGNED-PAYLOAD-TRAILER. */
export function unsignedChunks(
  chunks: readonly (Buffer | string)[],
  trailers: Readonly<Record<string, string>>,
): Buffer {
  const framed = chunks.flatMap((chunk) => {
    const bytes = Buffer.from(chunk);
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
  });
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`);
  return Buffer.concat([...framed, Buffer.from(`0\r\n${lines.join('')}\r\n`)]);
}
