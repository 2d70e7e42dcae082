import middy from '@middy/core';
import httpEventNormalizer from '@middy/http-event-normalizer';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import httpSecurityHeaders from '@middy/http-security-headers';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { errorBody, RecorderError } from '../core/errors.ts';
import { logger } from './logger.ts';

export const BODY_MAX_BYTES = 64 * 1024;

export interface HttpRequest {
  /** The parsed JSON, not checked yet; undefined for a function without a body. */
  readonly body: unknown;
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  readonly rawPath: string;
  readonly method: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

type Handler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** An HTTP API handler (payload format 2.0): JSON in, JSON out, errors as the catalogue says, one log line a request. */
export function httpHandler(
  run: (request: HttpRequest) => Promise<HttpAnswer>,
  options: { readonly body: 'json' | 'none' },
): Handler {
  const chain = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(httpSecurityHeaders())
    .use(jsonErrors())
    .use(httpEventNormalizer())
    .use(httpHeaderNormalizer());
  // WCS's clients send JSON with whatever content type their library has.
  if (options.body === 'json')
    chain.use(bodyLimit()).use(httpJsonBodyParser({ disableContentTypeCheck: true }));
  return chain.handler(async (event: APIGatewayProxyEventV2, context: Context) => {
    const answer = await run(toRequest(event, context));
    return jsonAnswer(answer.status, answer.body);
  });
}

function toRequest(event: APIGatewayProxyEventV2, context: Context): HttpRequest {
  return {
    body: event.body,
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    headers: event.headers,
    requestId: context.awsRequestId,
    rawPath: event.rawPath,
    method: event.requestContext.http.method,
  };
}

/** Only 64 KiB are ever parsed. */
function bodyLimit(): middy.MiddlewareObj<APIGatewayProxyEventV2> {
  return {
    before: ({ event }) => {
      const body = event.body ?? '';
      if (Buffer.byteLength(body, event.isBase64Encoded ? 'base64' : 'utf8') > BODY_MAX_BYTES) {
        throw new RecorderError('body_too_large', 'The body must be at most 64 KiB.', { field: 'body' });
      }
      if (body === '') {
        throw new RecorderError('malformed_json', 'A JSON body is needed.', { field: 'body' });
      }
    },
  };
}

function jsonErrors(): middy.MiddlewareObj {
  return {
    before: ({ context }) => {
      // A warm environment still has the keys of the request before.
      logger.resetKeys();
      logger.appendKeys({ requestId: context.awsRequestId });
    },
    onError: (request) => {
      const error = isMalformedJson(request.error)
        ? new RecorderError('malformed_json', 'The body is not valid JSON.', { field: 'body' })
        : request.error;
      const { status, body } = errorBody(error, request.context.awsRequestId);
      if (status >= 500) logger.error('request failed', { status, error: error as Error });
      else logger.info('request refused', { status, code: body.error.code, field: body.error.field });
      request.response = jsonAnswer(status, body);
    },
  };
}

/** What middy's body parser throws: http-errors' shape with 422. */
function isMalformedJson(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 422;
}

function jsonAnswer(statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
