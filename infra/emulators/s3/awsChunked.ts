import { createHash, type Hash } from 'node:crypto';
import { sameText } from '../shared/access.ts';
import { S3Error } from './errors.ts';
import { hmac, type Signature, sha256 } from './sigv4.ts';

/**
 * The `aws-chunked` framing: `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n`, at the end a chunk of size 0, then
 * trailing headers and an empty line.
 */

const EMPTY_SHA256 = sha256('');
const MAX_LINE_BYTES = 16 * 1024;

export interface ChunkedBody {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Complete once `bytes` has ended. By lower-case name. */
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * @param signature given when chunks (and trailers) are signed
 * @throws S3Error IncompleteBody, InvalidRequest, SignatureDoesNotMatch, while `bytes` is read
 */
export function decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  signature: Signature | undefined,
): ChunkedBody {
  const trailers = new Map<string, string>();
  return { bytes: decode(source, signature, trailers), trailers };
}

async function* decode(
  source: AsyncIterable<Buffer>,
  signature: Signature | undefined,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new Input(source);
  const verifier = signature === undefined ? undefined : new ChunkVerifier(signature);
  for (;;) {
    const { size, extension } = parseChunkLine(await input.line());
    verifier?.begin(extension);
    for (let left = size; left > 0; ) {
      const piece = await input.atMost(left);
      left -= piece.length;
      verifier?.update(piece);
      yield piece;
    }
    verifier?.end();
    if (size === 0) break;
    if ((await input.line()) !== '') throw malformed();
  }
  for (;;) {
    // Some clients end signed bodies without trailers right after the last chunk's line.
    const line = await input.lineOrEnd();
    if (line === '') break;
    const colon = line.indexOf(':');
    if (colon < 1) throw malformed();
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  verifier?.trailers(trailers);
}

function parseChunkLine(line: string): { size: number; extension: string } {
  const [sizeText = '', extension = ''] = line.split(';');
  if (!/^[0-9a-fA-F]{1,12}$/.test(sizeText)) throw malformed();
  return { size: Number.parseInt(sizeText, 16), extension };
}

function malformed(): S3Error {
  return new S3Error('InvalidRequest', 'The aws-chunked body is not well-formed.');
}

/** Lines and counted bytes from a stream of buffers. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async atMost(bytes: number): Promise<Buffer> {
    if (this.#buffer.length === 0 && !(await this.#fill())) throw new S3Error('IncompleteBody');
    const piece = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(piece.length);
    return piece;
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#buffer.toString('latin1', 0, end);
        this.#buffer = this.#buffer.subarray(end + 2);
        return line;
      }
      if (this.#buffer.length > MAX_LINE_BYTES) throw malformed();
      if (!(await this.#fill())) throw new S3Error('IncompleteBody');
    }
  }

  async lineOrEnd(): Promise<string> {
    if (this.#buffer.length === 0 && !(await this.#fill())) return '';
    return this.line();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return true;
  }
}

/** Each signature covers its chunk and the signature before it, beginning with the request's. */
class ChunkVerifier {
  readonly #request: Signature;
  #previous: string;
  #claimed = '';
  #hash: Hash = createHash('sha256');

  constructor(request: Signature) {
    this.#request = request;
    this.#previous = request.signature;
  }

  begin(extension: string): void {
    this.#claimed = extension.replace(/^chunk-signature=/, '');
    this.#hash = createHash('sha256');
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  end(): void {
    this.#check(this.#claimed, ['AWS4-HMAC-SHA256-PAYLOAD', EMPTY_SHA256, this.#hash.digest('hex')]);
  }

  trailers(trailers: ReadonlyMap<string, string>): void {
    if (!this.#request.payloadHash.endsWith('-TRAILER')) return;
    const signed = [...trailers]
      .filter(([name]) => name !== 'x-amz-trailer-signature')
      .map(([name, value]) => `${name}:${value}\n`)
      .join('');
    this.#check(trailers.get('x-amz-trailer-signature') ?? '', ['AWS4-HMAC-SHA256-TRAILER', sha256(signed)]);
  }

  #check(claimed: string, [kind = '', ...hashes]: readonly string[]): void {
    const { timestamp, scope, signingKey } = this.#request;
    const toSign = [kind, timestamp, scope, this.#previous, ...hashes].join('\n');
    const expected = hmac(signingKey, toSign).toString('hex');
    if (!sameText(expected, claimed)) throw new S3Error('SignatureDoesNotMatch');
    this.#previous = expected;
  }
}
