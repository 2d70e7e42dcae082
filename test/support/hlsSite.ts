import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of HLS whose every answer a test decides. */
export class HlsSite {
  /** Paths in the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly origin: string;
  readonly #server: Server;
  readonly #contents = new Map<string, Handler>();
  readonly #faults: ((path: string) => number | undefined)[] = [];

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.origin = origin;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url ?? '';
      this.asked.push(path);
      const status = this.#faults.map((fault) => fault(path)).find((found) => found !== undefined);
      if (status !== undefined) {
        if (status !== 0) response.writeHead(status).end();
        return;
      }
      const handler = this.#contents.get(path) ?? this.#contents.get(path.split('?')[0] ?? '');
      if (handler === undefined) response.writeHead(404).end();
      else handler(request, response);
    });
  }

  static async start(tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<HlsSite> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const origin = await listenOnLoopback(server as Server);
    return new HlsSite(server as Server, tls === undefined ? origin : origin.replace('http:', 'https:'));
  }

  /** What the server has at a path: bytes, byte ranges of which it serves, or whatever a handler makes of a request. */
  put(path: string, content: Buffer | string | Handler): void {
    this.#contents.set(path, typeof content === 'function' ? content : bytes(Buffer.from(content)));
  }

  /** @param fault the status that a path is answered with, 0: none at all; undefined: what is there */
  fail(fault: (path: string) => number | undefined): void {
    this.#faults.push(fault);
  }

  /** The same as at another path. */
  alias(path: string, other: string): void {
    this.#contents.set(path, (request, response) => this.#contents.get(other)?.(request, response));
  }

  remove(path: string): void {
    this.#contents.delete(path);
  }

  /** How often a path was asked for, its query left out. */
  times(path: string): number {
    return this.asked.filter((asked) => asked.split('?')[0] === path).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function bytes(content: Buffer): Handler {
  return ({ headers }, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    if (from === undefined) {
      response.writeHead(200, { 'content-length': content.length }).end(content);
      return;
    }
    const piece = content.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
    response.writeHead(206, { 'content-length': piece.length }).end(piece);
  };
}
