import { once } from 'node:events';
import http, { type IncomingMessage, STATUS_CODES } from 'node:http';
import https from 'node:https';
import {
  answering,
  ForbiddenSourceError,
  type Lookup,
  resolveChecked,
} from '../../../functions/aws/dnsResolution.ts';
import type { SourceRules } from '../../../functions/core/source/sourceRules.ts';
import { AwakeTimer } from '../../attempt/awakeTimer.ts';
import { decoded } from './contentCoding.ts';
import { Cookies } from './cookies.ts';
import { HttpAuthorization } from './httpAuthorization.ts';
import { connectionComplaint } from './judgedSocket.ts';

/** Content networks need two or three. */
const REDIRECTS_MAX = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Proxies and caches say 203, and others are seen, too. */
const hasContent = (status: number): boolean => status >= 200 && status < 300 && ![204, 205].includes(status);
const CONNECTIONS_PER_HOST = 4;
const TIMED_OUT = 'Connection timed out';

/** An answer did not come, or is none that can be used. The message is in the words that ffmpeg has for it. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  /** Undefined: there was no answer. */
  readonly status: number | undefined;

  constructor(complaint: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(complaint, { cause: options.cause });
    this.status = options.status;
  }

  /** What came is no HTTP as it is written down: ffmpeg takes more for it, such as old radio servers' answers. */
  get isUnreadable(): boolean {
    return /^HPE_/.test((this.cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  }

  /** The connection ended before the answer did, as far as the server says how long that is. */
  get isCut(): boolean {
    return (this.cause as Error | undefined)?.message === 'aborted';
  }

  /** The server knows of no such thing, gives it to nobody, or sends whoever asks in circles. */
  get isDenial(): boolean {
    return this.status !== undefined && this.status >= 300 && this.status < 500 && this.status !== 429;
  }
}

export interface GetOptions {
  /** Only these bytes; `bytes` undefined: to the end. */
  readonly range?: { readonly offset: number; readonly bytes: number | undefined } | undefined;
  /** Until an answer begins; undefined: `idleTimeoutMs`. */
  readonly answerMs?: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  /** After redirects: what it says is relative to this. */
  readonly url: string;
  /** How long the server says it is; undefined: it does not say, as of what has no end. */
  readonly bytes: number | undefined;
  /** To be read to its end, or returned from. Throws HttpFault. */
  readonly body: AsyncGenerator<Buffer, void, undefined>;
}

export interface JudgedHttpOptions {
  readonly rules: SourceRules;
  readonly lookup: Lookup;
  /** For an answer, and for each of its pieces. */
  readonly idleTimeoutMs: number;
}

/**
 * The recorder's own HTTP. Every request, each hop of a redirect too, is judged as the proxy judges ffmpeg's: the name is
 * resolved here, once, and the connection goes to an address that was judged. Cookies are kept for as long as it lives.
 */
export class JudgedHttp {
  readonly #options: JudgedHttpOptions;
  readonly #cookies = new Cookies();
  readonly #authorization = new HttpAuthorization();
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS_PER_HOST }),
    // As ffmpeg has it: media servers have certificates of their own, and who sends a stream is no secret's keeper.
    'https:': new https.Agent({
      keepAlive: true,
      maxSockets: CONNECTIONS_PER_HOST,
      rejectUnauthorized: false,
    }),
  };

  constructor(options: JudgedHttpOptions) {
    this.#options = options;
  }

  /** @throws HttpFault; ForbiddenSourceError; what the signal was aborted with */
  async get(url: string, options: GetOptions): Promise<HttpAnswer> {
    let target = parse(url);
    let { username, password } = target;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const said = this.#authorization.for(target, { username, password });
      const response = await this.#request(target, said, options);
      const status = response.statusCode ?? 0;
      await this.#cookies.take(response.headers['set-cookie'] ?? [], target.href);
      const challenges = response.headersDistinct['www-authenticate'] ?? [];
      if (status === 401 && this.#authorization.learn(target, challenges, said)) {
        response.resume();
        continue;
      }
      if (REDIRECTS.has(status) && response.headers.location !== undefined) {
        response.resume();
        const next = parse(response.headers.location, target);
        // Who redirects elsewhere does not pass the credentials on.
        if (next.username !== '' || next.origin !== target.origin) ({ username, password } = next);
        target = next;
        continue;
      }
      if (hasContent(status)) {
        const length = response.headers['content-length'];
        return {
          url: withoutHash(target, username, password),
          bytes: length === undefined ? undefined : Number(length),
          body: this.#read(response, status, options),
        };
      }
      response.destroy();
      throw new HttpFault(`HTTP error ${status} ${STATUS_CODES[status] ?? ''}`.trim(), { status });
    }
    throw new HttpFault('Too many redirects', { status: 302 });
  }

  close(): void {
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  async #request(
    target: URL,
    authorization: string | undefined,
    { range, answerMs = this.#options.idleTimeoutMs, signal }: GetOptions,
  ): Promise<IncomingMessage> {
    const { rules, lookup } = this.#options;
    const isSecure = target.protocol === 'https:';
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const addresses = await resolveChecked(host, rules, lookup).catch((error: unknown) => {
      throw faultOf(error);
    });
    signal.throwIfAborted();
    const cookie = this.#cookies.for(target.href);
    const open = (): http.ClientRequest =>
      (isSecure ? https : http).get({
        agent: this.#agents[isSecure ? 'https:' : 'http:'],
        host,
        port: target.port === '' ? undefined : Number(target.port),
        path: `${target.pathname}${target.search}`,
        lookup: answering(addresses),
        signal,
        // Servers' mistakes that players overlook: nobody behind this client reads the same answer otherwise.
        insecureHTTPParser: true,
        headers: {
          accept: '*/*',
          'user-agent': 'stream-recorder',
          ...(authorization === undefined ? {} : { authorization }),
          ...(cookie === undefined ? {} : { cookie }),
          ...(range === undefined ? {} : { range: rangeHeader(range) }),
        },
      });
    for (let isSecondTry = false; ; isSecondTry = true) {
      const request = open();
      // Where it is given up just as its answer ends, nobody else listens to the connection any more: what that says of it
      // would end the process.
      request.once('socket', (socket) => {
        if (!request.reusedSocket) socket.on('error', () => undefined);
      });
      const timer = new AwakeTimer(() => request.destroy(new HttpFault(TIMED_OUT)), answerMs);
      try {
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        // It may break while nobody reads it; whoever reads it next hears of that.
        response.on('error', () => undefined);
        return response;
      } catch (error) {
        signal.throwIfAborted();
        // The server had closed a connection that was kept.
        if (request.reusedSocket && !isSecondTry && !(error instanceof HttpFault)) continue;
        throw faultOf(error);
      } finally {
        timer.clear();
        // Its response reports what happens to it from here on.
        request.on('error', () => undefined);
      }
    }
  }

  async *#read(
    response: IncomingMessage,
    status: number,
    { range, signal }: GetOptions,
  ): AsyncGenerator<Buffer, void, undefined> {
    const wait = (): AwakeTimer =>
      new AwakeTimer(() => response.destroy(new HttpFault(TIMED_OUT)), this.#options.idleTimeoutMs);
    let timer = wait();
    // A server that knows no ranges sends all of it.
    let skip = status === 206 ? 0 : (range?.offset ?? 0);
    let left = range?.bytes ?? Number.POSITIVE_INFINITY;
    try {
      for await (const chunk of await decoded(response)) {
        // Who reads may take its time: only the server is waited for with a limit.
        timer.clear();
        if (left === 0) return;
        const from = Math.min(skip, chunk.length);
        skip -= from;
        const wanted = chunk.subarray(from, from + Math.min(left, chunk.length - from));
        left -= wanted.length;
        if (wanted.length > 0) yield wanted;
        // The end of a partial answer is read, too: its connection is used again.
        if (left === 0 && status !== 206) return;
        timer = wait();
      }
      if (left > 0 && Number.isFinite(left)) throw new HttpFault('The answer ends before its range does');
    } catch (error) {
      signal.throwIfAborted();
      throw faultOf(error);
    } finally {
      timer.clear();
      response.destroy();
    }
  }
}

/** @throws ForbiddenSourceError a scheme that is not HTTP's; HttpFault no URL at all */
function parse(url: string, base?: URL): URL {
  const parsed = URL.parse(url, base?.href);
  if (parsed === null) throw new HttpFault('Invalid URL');
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new ForbiddenSourceError('leads to a protocol that is not allowed');
  }
  return parsed;
}

function withoutHash(target: URL, username: string, password: string): string {
  const url = new URL(target);
  url.hash = '';
  // What is relative to it is asked for with the same credentials.
  url.username = username;
  url.password = password;
  return url.href;
}

function rangeHeader({ offset, bytes }: { offset: number; bytes: number | undefined }): string {
  return `bytes=${offset}-${bytes === undefined ? '' : offset + bytes - 1}`;
}

function faultOf(error: unknown): unknown {
  if (error instanceof HttpFault || error instanceof ForbiddenSourceError) return error;
  return new HttpFault(connectionComplaint(error), { cause: error });
}
