import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Access } from '../shared/access.ts';
import { closeServer, listenOnLoopback } from '../shared/loopback.ts';

export interface SecretsServerOptions {
  /** What each secret holds, by its ARN. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Who there is, and what each may do: whose session token it is says who asks. Without it everybody may do everything. */
  readonly access?: Access;
}

export interface SecretsServer {
  readonly port: number;
  close(): Promise<void>;
}

const TOKEN = 'x-aws-parameters-secrets-token';

/** The embedded extension that hands functions their secrets. */
export async function startSecretsServer(options: SecretsServerOptions): Promise<SecretsServer> {
  const server = createServer((request, response) => answer(request, response, options));
  const url = await listenOnLoopback(server);
  return { port: Number(new URL(url).port), close: () => closeServer(server) };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { secrets, access }: SecretsServerOptions,
): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const secretId = url.searchParams.get('secretId') ?? '';
  const secret = secrets.get(secretId);
  const token = request.headers[TOKEN];
  const caller = access === undefined ? '' : access.ownerOfToken(String(token));
  if (request.method !== 'GET' || url.pathname !== '/secretsmanager/get') refuse(response, 404);
  else if (token === undefined || caller === undefined) refuse(response, 401);
  // As Secrets Manager's AccessDeniedException reaches a function.
  else if (access?.denied(caller, [{ action: 'secretsmanager:GetSecretValue', resource: secretId }]))
    refuse(response, 400);
  // As Secrets Manager's ResourceNotFoundException reaches a function.
  else if (secret === undefined) refuse(response, 400);
  else {
    const body = { ARN: secretId, Name: secretId.split(':').at(-1), SecretString: secret };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
