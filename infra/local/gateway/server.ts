import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { closeServer, listenOnLoopback } from '../../emulators/shared/loopback.ts';
import type { Invocation } from '../lambda/environment.ts';
import { type GatewayAnswer, gatewayMessage, INTERNAL_ERROR, toAnswer } from './answer.ts';
import { type GatewayCors, preflight, withCors } from './cors.ts';
import { splitUrl, toEvent } from './event.ts';
import { decoded, matchRoute, type Routed } from './routes.ts';

export interface GatewayRoute extends Routed {
  readonly function: string;
}

export interface GatewayOptions {
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  readonly accountId: string;
  readonly routes: readonly GatewayRoute[];
  /** Takes what no route matches: `$default`. */
  readonly defaultFunction: string;
  readonly invoke: (functionName: string, event: APIGatewayProxyEventV2) => Promise<Invocation>;
  /** Undefined: pages of other origins may not call it. */
  readonly cors?: GatewayCors | undefined;
  /** API Gateway's: 30 s. */
  readonly integrationTimeoutMs?: number;
  readonly now?: () => Date;
  /** Told of what the gateway itself threw. */
  readonly onDefect: (error: unknown) => void;
}

/** In PEM. */
export interface TlsOptions {
  readonly certificate: string;
  readonly key: string;
  readonly port: number;
}

export interface Gateway {
  readonly url: string;
  /** Serves the same API over HTTPS too. @returns its URL @throws the listen error */
  listenWithTls(tls: TlsOptions): Promise<string>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** "Total combined size of request line and header values" (quotas of HTTP APIs). Node answers 431. */
const MAX_HEADER_BYTES = 10_240;
const INTEGRATION_TIMEOUT_MS = 30_000;

/**
 * The embedded API Gateway: an HTTP API on loopback whose routes invoke functions with payload format 2.0. It asks for
 * no authorization.
 * @throws the listen error, such as EADDRINUSE
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { now = () => new Date(), integrationTimeoutMs = INTEGRATION_TIMEOUT_MS, accountId, cors } = options;

  async function answer(request: IncomingMessage): Promise<GatewayAnswer> {
    const { method = 'GET', url = '/', rawHeaders, socket } = request;
    const body = await readBody(request);
    const asked = cors === undefined ? undefined : preflight(cors, method, request.headers);
    if (asked !== undefined) return asked;
    if (body === undefined) return gatewayMessage(413, 'Request Entity Too Large');
    const path = decoded(splitUrl(url).rawPath);
    if (path === undefined) return gatewayMessage(400, 'Bad Request');
    const match = matchRoute(options.routes, method, path);
    const event = toEvent(
      {
        method,
        url,
        rawHeaders,
        body,
        sourceIp: socket.remoteAddress ?? '127.0.0.1',
        port: socket.localPort ?? 0,
        protocol: 'encrypted' in socket ? 'https' : 'http',
        at: now(),
      },
      match === undefined ? '$default' : `${match.route.method} ${match.route.path}`,
      match?.pathParameters ?? {},
      { accountId, apiId: 'local', domainName: request.headers.host ?? 'localhost' },
    );
    const cancel = new AbortController();
    const invocation = await Promise.race([
      options.invoke(match?.route.function ?? options.defaultFunction, event),
      delay(integrationTimeoutMs, undefined, { signal: cancel.signal }),
    ]);
    cancel.abort();
    const answered =
      invocation === undefined ? gatewayMessage(503, 'Service Unavailable') : toAnswer(invocation);
    return {
      ...answered,
      headers: [...answered.headers, ['apigw-requestid', event.requestContext.requestId]],
    };
  }

  const listener: RequestListener = (request, response) => {
    void answer(request)
      .catch((error: unknown) => {
        // A client that left in the middle of its body is no defect.
        if (!response.destroyed) options.onDefect(error);
        return INTERNAL_ERROR;
      })
      .then((answered) =>
        send(
          response,
          cors === undefined || request.method === 'OPTIONS'
            ? answered
            : withCors(cors, request.headers.origin, answered),
        ),
      );
  };
  const plain = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, listener);
  const servers = [plain];
  return {
    url: await listenOnLoopback(plain, options.port),
    async listenWithTls({ certificate, key, port }) {
      const server = createTlsServer({ cert: certificate, key, maxHeaderSize: MAX_HEADER_BYTES }, listener);
      const url = await listenOnLoopback(server, port);
      servers.push(server);
      return url.replace(/^http:/, 'https:');
    },
    async close() {
      await Promise.all(servers.map(closeServer));
    },
  };
}

/**
 * All of it is taken from the socket, or the client would meet a reset and not the answer.
 * @returns undefined for a body that is too long
 */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: GatewayAnswer): void {
  response.writeHead(status, [...headers.flat(), 'content-length', String(body.length)]);
  response.end(body);
}
