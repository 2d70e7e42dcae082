import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayAnswer } from './answer.ts';

/** What pages of which origins may send and read. */
export interface GatewayCors {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

/**
 * API Gateway's own answer to a browser that asks what a page of another origin may; undefined for any other request.
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html: "even if there isn't an OPTIONS route";
 * "your request must contain an origin header and an Access-Control-Request-Method header")
 */
export function preflight(
  cors: GatewayCors,
  method: string,
  headers: IncomingHttpHeaders,
): GatewayAnswer | undefined {
  if (method !== 'OPTIONS' || headers.origin === undefined) return undefined;
  if (headers['access-control-request-method'] === undefined) return undefined;
  const allowed = allowedOrigin(cors, headers.origin);
  const { allowedMethods, allowedHeaders, maxAgeSeconds } = cors;
  return {
    status: 204,
    headers:
      allowed === undefined
        ? []
        : [
            ['access-control-allow-origin', allowed],
            ['access-control-allow-methods', allowedMethods.join(',')],
            ['access-control-allow-headers', allowedHeaders.join(',')],
            ['access-control-max-age', String(maxAgeSeconds)],
          ],
    body: Buffer.alloc(0),
  };
}

/** The answer to a page of another origin: with the API's own headers for it, and "ignores CORS headers returned from your backend". */
export function withCors(
  cors: GatewayCors,
  origin: string | undefined,
  answer: GatewayAnswer,
): GatewayAnswer {
  const own = answer.headers.filter(([name]) => !name.startsWith('access-control-'));
  const allowed = origin === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === undefined) return { ...answer, headers: own };
  return {
    ...answer,
    headers: [
      ...own,
      ['access-control-allow-origin', allowed],
      ['access-control-expose-headers', cors.exposedHeaders.join(',')],
    ],
  };
}

function allowedOrigin({ allowedOrigins }: GatewayCors, origin: string): string | undefined {
  if (allowedOrigins.includes('*')) return '*';
  return allowedOrigins.includes(origin) ? origin : undefined;
}
