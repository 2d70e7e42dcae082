import middy from '@middy/core';
import httpEventNormalizer from '@middy/http-event-normalizer';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpSecurityHeaders from '@middy/http-security-headers';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { errorBody, RecorderError, retryAfter } from '../core/api/errors.ts';
import { etagOf, isKnown } from '../core/api/etag.ts';
import { logger } from './logger.ts';

export const BODY_MAX_BYTES = 64 * 1024;

/**
 * What a handler gets as body: `json` the parsed JSON, not checked yet; `optionalJson` the same, or `{}` for an empty
 * body; `raw` the text as it came, for forms and signatures; `none` nothing, whatever came.
 */
export type BodyKind = 'json' | 'optionalJson' | 'raw' | 'none';

export interface HttpRequest {
  readonly body: unknown;
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  readonly rawPath: string;
  readonly method: string;
  /** Of the API, as the caller reached it: `https://…`, without a slash at its end. */
  readonly origin: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Sent as JSON; undefined for an answer without a body. */
  readonly body?: unknown;
  /** Sent as they are, in place of JSON; the headers say what they are. */
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly body: BodyKind;
  readonly run: (request: HttpRequest) => Promise<HttpAnswer>;
}

export type HttpFunction = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** An HTTP API handler (payload format 2.0): JSON in, JSON out, errors as the catalogue says, one log line a request. */
export function httpHandler(run: Operation['run'], options: { readonly body: BodyKind }): HttpFunction {
  return handlerFor(() => ({ run, body: options.body }));
}

/**
 * One function for several routes.
 * @param operations by route key (`GET /recordings/{recordingId}`), or by whatever `keyOf` makes of an event
 * @param authorize throws for a caller who may not come in, where nobody has looked before
 * @throws as an answer: RecorderError route_not_found for a key that is not there
 */
export function httpRouter<Key extends string>(
  operations: Readonly<Record<Key, Operation>>,
  keyOf: (event: APIGatewayProxyEventV2) => string = (event) => event.routeKey,
  authorize?: (event: APIGatewayProxyEventV2) => Promise<void>,
): HttpFunction {
  const known = new Map<string, Operation>(Object.entries<Operation>(operations));
  return handlerFor((event) => {
    const operation = known.get(keyOf(event));
    if (operation === undefined) {
      throw new RecorderError('route_not_found', 'There is no such route.', { field: 'path' });
    }
    return operation;
  }, authorize);
}

function handlerFor(
  operationOf: (event: APIGatewayProxyEventV2) => Operation,
  authorize: (event: APIGatewayProxyEventV2) => Promise<void> = async () => undefined,
): HttpFunction {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(httpSecurityHeaders(SECURITY_HEADERS))
    .use(jsonErrors())
    .use(httpEventNormalizer())
    .use(httpHeaderNormalizer())
    .handler(async (event: APIGatewayProxyEventV2, context: Context) => {
      await authorize(event);
      const { body, run } = operationOf(event);
      const request = toRequest(event, context, readBody(event, body));
      return jsonAnswer(unlessKnown(request, await run(request)));
    });
}

/** What an answer that is no page needs: that nobody guesses its type, shows it in a frame, or asks without TLS. */
const SECURITY_HEADERS = {
  contentSecurityPolicy: { 'default-src': "'none'", 'frame-ancestors': "'none'" },
  contentTypeOptions: { action: 'nosniff' },
  crossOriginEmbedderPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  dnsPrefetchControl: false,
  downloadOptions: false,
  frameOptions: false,
  originAgentCluster: false,
  permissionsPolicy: false,
  permittedCrossDomainPolicies: false,
  poweredBy: false,
  referrerPolicy: false,
  reportTo: false,
  reportingEndpoints: false,
  strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false, preload: false },
  xssProtection: false,
} as const;

/** Every resource has an ETag: the handler's own, where links differ each time, or of what is answered. */
function unlessKnown({ method, headers }: HttpRequest, answer: HttpAnswer): HttpAnswer {
  if (method !== 'GET' || answer.status !== 200 || answer.body === undefined) return answer;
  const etag = answer.headers?.etag ?? etagOf(answer.body);
  return isKnown(etag, headers['if-none-match'])
    ? { status: 304, headers: { etag } }
    : { ...answer, headers: { ...answer.headers, etag } };
}

function toRequest(event: APIGatewayProxyEventV2, context: Context, body: unknown): HttpRequest {
  return {
    body,
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    headers: event.headers,
    requestId: context.awsRequestId,
    rawPath: event.rawPath,
    method: event.requestContext.http.method,
    origin: `${event.headers['x-forwarded-proto'] ?? 'https'}://${event.requestContext.domainName}`,
  };
}

/** WCS's clients send JSON with whatever content type their library has, so the type is not looked at. */
function readBody(event: APIGatewayProxyEventV2, kind: BodyKind): unknown {
  if (kind === 'none') return undefined;
  const sent = event.body ?? '';
  // Only 64 KiB are ever parsed.
  if (Buffer.byteLength(sent, event.isBase64Encoded ? 'base64' : 'utf8') > BODY_MAX_BYTES) {
    throw new RecorderError('body_too_large', 'The body must be at most 64 KiB.', { field: 'body' });
  }
  const text = event.isBase64Encoded ? Buffer.from(sent, 'base64').toString('utf8') : sent;
  if (kind === 'raw') return text;
  if (text.trim() === '') {
    if (kind === 'optionalJson') return {};
    throw new RecorderError('malformed_json', 'A JSON body is needed.', { field: 'body' });
  }
  return parseJson(text);
}

/** @throws RecorderError malformed_json */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats a piece of the body, which may hold a secret.
    throw new RecorderError('malformed_json', 'The body is not valid JSON.', { field: 'body' });
  }
}

/** RFC 7617: without it a client does not know that it is asked. API Gateway's authorizer has its own. */
const BASIC_CHALLENGE = { 'www-authenticate': 'Basic realm="Stream Recorder", charset="UTF-8"' };

function jsonErrors(): middy.MiddlewareObj {
  return {
    before: ({ context }) => {
      // A warm environment still has the keys of the request before.
      logger.resetKeys();
      logger.appendKeys({ requestId: context.awsRequestId });
    },
    onError: (request) => {
      const { status, body } = errorBody(request.error, request.context.awsRequestId);
      if (status >= 500) logger.error('request failed', { status, error: request.error as Error });
      else logger.info('request refused', { status, code: body.error.code, field: body.error.field });
      const seconds = retryAfter(body);
      const headers = {
        ...(status === 401 ? BASIC_CHALLENGE : {}),
        ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
      };
      request.response = jsonAnswer({ status, body, headers });
    },
  };
}

function jsonAnswer({ status, body, bytes, headers }: HttpAnswer): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      'cache-control': 'no-store',
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(bytes === undefined ? {} : { body: bytes.toString('base64'), isBase64Encoded: true }),
  };
}
