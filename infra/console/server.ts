import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { consoleFile, consoleHeaders } from '../../functions/core/api/consoleFiles.ts';
import { CONSOLE_CONFIG_PATH, consoleConfig } from '../../functions/core/api/consoleSignIn.ts';

export interface ConsoleServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** The API's address, without a slash at its end. */
  readonly api: string;
  /** Sends a request to the API in its user's name. */
  readonly send: (request: Request) => Promise<Response>;
  /** With the files that clients/web/build.ts writes. */
  readonly folder: string;
}

/** What the page sends, and what it reads. Signatures and hops have headers of their own. */
const SENT = ['accept', 'content-type', 'idempotency-key', 'if-none-match'];
const READ = ['cache-control', 'content-type', 'date', 'etag', 'location', 'retry-after', 'apigw-requestid'];
/** Where links lead: to buckets, whose names the page need not know before. */
const BUCKETS = 'https://*.amazonaws.com';
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The console on this machine's loopback, for an API that takes signatures alone: the page asks this server, which signs
 * in the name of whoever started it. So it answers that page only: no other site that the browser has open, under
 * whatever name it reaches this machine.
 * @throws the listen error, such as EADDRINUSE
 */
export async function startConsoleServer(options: ConsoleServerOptions): Promise<Server & { url: string }> {
  const server = createServer((request, response) => {
    void answer(request, response, options).catch(() => {
      refuse(response, 502, 'unreachable', 'The API does not answer.');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { api, send, folder }: ConsoleServerOptions,
): Promise<void> {
  const { headers, method = 'GET', url = '/', socket } = request;
  const own = [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`];
  // A name that somebody else's DNS leads here is a site of theirs.
  if (!own.includes(headers.host ?? '')) {
    return refuse(response, 403, 'foreign_page', 'This address is not the console.');
  }
  const { pathname } = new URL(url, 'http://console');
  if (method === 'GET' && pathname === CONSOLE_CONFIG_PATH) {
    // Whoever started this server is who calls.
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-cache',
    });
    response.end(JSON.stringify(consoleConfig(undefined)));
    return;
  }
  const file = method === 'GET' ? consoleFile(pathname) : undefined;
  if (file !== undefined) {
    const media = [new URL(api).origin, BUCKETS];
    response.writeHead(200, { 'content-type': file.contentType, ...consoleHeaders(media) });
    response.end(await readFile(path.join(folder, file.name)));
    return;
  }
  const { origin, 'sec-fetch-site': site } = headers;
  const isForeign = origin !== undefined && origin !== `http://${headers.host}`;
  if (isForeign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return refuse(response, 403, 'foreign_page', 'Only the console itself may ask.');
  }
  const body = await bodyOf(request);
  if (body === undefined) return refuse(response, 413, 'body_too_large', 'The body is too long.');
  const answered = await send(
    new Request(`${api}${url}`, {
      method,
      headers: SENT.flatMap((name): [string, string][] => {
        const value = headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    }),
  );
  const read = READ.flatMap((name): [string, string][] => {
    const value = answered.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  response.writeHead(answered.status, Object.fromEntries(read));
  response.end(Buffer.from(await answered.arrayBuffer()));
}

/** @returns undefined for one that is too long */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify({ error: { code, message, requestId: '' } }));
}
