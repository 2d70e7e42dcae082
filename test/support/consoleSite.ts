import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { handler } from '../../functions/handlers/console.ts';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';

export interface ConsoleRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  /** JSON, parsed. */
  readonly body: unknown;
}

/** What the API says: a status and JSON; undefined for a route that it has not. */
export type ApiAnswer = { readonly status: number; readonly body: unknown } | undefined;

export interface ConsoleSite {
  readonly url: string;
  close(): void;
}

/**
 * The console by its own function, whose environment the caller has set, in front of an API that a test makes up: for
 * what a real one says seldom, or when nobody waits for it.
 */
export async function startConsoleSite(
  api: (request: ConsoleRequest) => ApiAnswer | Promise<ApiAnswer>,
): Promise<ConsoleSite> {
  const server = createServer(async (request, response) => {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://console');
    if (/^\/(console.*)?$/.test(url.pathname)) {
      const event = { rawPath: url.pathname, headers } as unknown as APIGatewayProxyEventV2;
      const answer = await handler(event, { awsRequestId: 'r' } as Context);
      response.writeHead(answer.statusCode ?? 200, answer.headers as Record<string, string>);
      response.end(Buffer.from(answer.body ?? '', answer.isBase64Encoded === true ? 'base64' : 'utf8'));
      return;
    }
    const sent = await text(request);
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    const said = (await api({ method, url, authorization: headers.authorization, body })) ?? {
      status: 404,
      body: { error: { code: 'route_not_found', message: 'There is no such route.', requestId: 'r' } },
    };
    response.writeHead(said.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(said.body));
  });
  const url = await listenOnLoopback(server);
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
