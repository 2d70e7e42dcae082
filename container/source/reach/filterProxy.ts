import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  answering,
  ForbiddenSourceError,
  type Lookup,
  resolveChecked,
  UNRESOLVABLE,
  UnresolvableSourceError,
} from '../../../functions/aws/dnsResolution.ts';
import type { SourceRules } from '../../../functions/core/source/sourceRules.ts';
import { Relay } from './relay.ts';
import { type ProxyRequest, parseRequestHead } from './requestHead.ts';

const HEAD_MAX_BYTES = 32 * 1024;
const HEAD_END = '\r\n\r\n';

export interface FilterProxyOptions {
  readonly rules: SourceRules;
  readonly lookup: Lookup;
  /** Something that the deployment does not allow was asked for. */
  readonly onForbidden: (error: ForbiddenSourceError) => void;
  /** The origin could not be reached, in words as ffmpeg would have for it. */
  readonly onFailure: (complaint: string) => void;
}

/**
 * An HTTP proxy on loopback that connects to allowed addresses only. ffmpeg sends every request of HTTP and TLS through
 * it, with redirects, playlists, segments and keys, and each one is judged: its name is resolved here, once, and
 * the connection goes to an address that was judged. One request per connection; tunnels by CONNECT.
 */
export class FilterProxy {
  readonly #options: FilterProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: FilterProxyOptions) {
    this.#options = options;
    this.#server = createServer((client) => void this.#serve(client));
  }

  static async start(options: FilterProxyOptions): Promise<FilterProxy> {
    const proxy = new FilterProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** For the variable `http_proxy`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    const head = await readHead(client);
    if (head === undefined) return;
    const request = parseRequestHead(head.text);
    if (request === undefined || (request.kind === 'plain' && head.rest.length > 0)) {
      answer(client, '400 Bad Request');
      return;
    }
    try {
      const relay = await this.#connect(request, client);
      if (request.kind === 'connect') client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      else relay.origin.write(request.head);
      if (head.rest.length > 0) relay.origin.write(head.rest);
      relay.start(request.kind);
    } catch (error) {
      this.#refuse(client, error);
    }
  }

  async #connect({ host, port }: ProxyRequest, client: Socket): Promise<Relay> {
    const { rules, lookup } = this.#options;
    const addresses = await resolveChecked(host, rules, lookup);
    const relay = new Relay(client, { port, lookup: answering(addresses) });
    const { origin } = relay;
    this.#keep(origin);
    if (client.destroyed) origin.destroy();
    await new Promise<void>((resolve, reject) => {
      origin.once('connect', resolve);
      origin.once('error', reject);
      origin.once('close', () => reject(new Error('the client went away')));
    });
    return relay;
  }

  #refuse(client: Socket, error: unknown): void {
    if (error instanceof ForbiddenSourceError) {
      this.#options.onForbidden(error);
      answer(client, '403 Forbidden');
      return;
    }
    const complaint = complaintOf(error);
    if (complaint !== undefined && !client.destroyed) this.#options.onFailure(complaint);
    answer(client, '502 Bad Gateway');
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // Its `close` follows, and whoever uses it looks at that.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** Answers without a body. Whatever else the client says is dropped, so that its end is seen. */
function answer(client: Socket, status: string): void {
  client.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  client.resume();
}

interface Head {
  readonly text: string;
  /** What came after it. */
  readonly rest: Buffer;
}

/** @returns undefined when the client went away, or sends something else */
async function readHead(client: Socket): Promise<Head | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const done = (head: Head | undefined): void => {
      client.off('data', take);
      client.pause();
      resolve(head);
    };
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(HEAD_END);
      if (end >= 0) {
        done({ text: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + HEAD_END.length) });
      } else if (bytes.length > HEAD_MAX_BYTES) {
        client.destroy();
      }
    };
    client.on('data', take);
    client.once('close', () => done(undefined));
  });
}

/** ffmpeg's words for it, had it connected itself; undefined where it would have none that tell. */
export function complaintOf(error: unknown): string | undefined {
  if (error instanceof UnresolvableSourceError) return UNRESOLVABLE;
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const codes = errors.map((one) => (one as NodeJS.ErrnoException).code);
  if (codes.includes('ECONNREFUSED')) return 'Connection refused';
  const isAway = codes.some((code) => /^E(TIMEDOUT|HOSTUNREACH|NETUNREACH)$/.test(code ?? ''));
  return isAway ? 'Connection timed out' : undefined;
}
