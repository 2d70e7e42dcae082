import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { type Access, denialMessage } from './access.ts';
import type { FaultAction, Faults } from './faults.ts';
import { callerOf } from './jsonCaller.ts';
import { closeServer, listenOnLoopback } from './loopback.ts';
import type { Right } from './policy.ts';

/**
 * AWS JSON over HTTP on loopback: what the ECS, EventBridge (1.1) and SQS (1.0) clients of the SDK speak. One POST, the
 * operation in `X-Amz-Target`, errors as `{"__type", "message"}`. Signatures are not verified; whose key it is says what a call
 * may do, where an endpoint is told who there is.
 *
 * Faults (./faults.ts) are decided once the request's body is read. `resetMidBody` cuts the answer of an operation
 * that reads; one that writes is not carried out and its socket destroyed, since so small a body comes in one piece.
 */

/** An error that the client meets as the SDK's exception of that name. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param fields members of the answer besides the message, such as ConflictException's `resourceIds` */
  constructor(code: string, message: string, fields: Readonly<Record<string, unknown>> = {}, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

/** One operation: `run` gets the parsed body and returns what is answered; `gone` aborts when its caller has left. */
export interface Operation {
  readonly reads: boolean;
  /** What a fault rule's `match` is tried on. */
  target(input: unknown): string;
  /** What its caller needs; nothing for input that is refused anyway. */
  rights(input: unknown): readonly Right[];
  run(input: unknown, gone: AbortSignal): object | Promise<object>;
}

/**
 * @param schema members it does not name are left out, as AWS does
 * @param invalid the service's code for input that breaks the schema
 */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  invalid: string,
  spec: {
    readonly reads: boolean;
    readonly target: (input: z.infer<Schema>) => string;
    readonly rights: (input: z.infer<Schema>) => readonly Right[];
    readonly run: (input: z.infer<Schema>, gone: AbortSignal) => object | Promise<object>;
  },
): Operation {
  return {
    reads: spec.reads,
    target: (input) => {
      const parsed = schema.safeParse(input);
      return parsed.success ? spec.target(parsed.data) : '';
    },
    rights: (input) => {
      const parsed = schema.safeParse(input);
      return parsed.success ? spec.rights(parsed.data) : [];
    },
    run: (input, gone) => {
      const parsed = schema.safeParse(input);
      if (parsed.success) return spec.run(parsed.data, gone);
      const issue = parsed.error.issues[0];
      throw new AwsError(invalid, `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'not valid'}`);
    },
  };
}

export interface JsonServiceOptions {
  readonly service: 'ecs' | 'events' | 'sqs' | 'secretsmanager';
  /** JSON 1.1 by default. */
  readonly jsonVersion?: '1.0' | '1.1';
  /** In front of the operation in X-Amz-Target, such as `AWSEvents`. */
  readonly targetPrefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly faults: Faults;
  /** Who there is, and what each may do; without it everybody may do everything. */
  readonly access?: Access | undefined;
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  /** What an operation threw that is not an AwsError: a defect of the endpoint, answered with 500. */
  readonly onDefect: (error: unknown) => void;
}

export interface JsonService {
  readonly url: string;
  close(): Promise<void>;
}

/** PutEvents takes up to 1 MB of entries; their JSON may be escaped to twice that. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** @throws the listen error, such as EADDRINUSE */
export async function serveAwsJson(options: JsonServiceOptions): Promise<JsonService> {
  let vanishedUntilMs = 0;
  const vanished = () => performance.now() < vanishedUntilMs;

  /** @throws AwsError */
  function authorize(request: IncomingMessage, rights: readonly Right[]): void {
    const { access } = options;
    if (access === undefined) return;
    const caller = callerOf(request.headers, access);
    if (typeof caller !== 'string') throw new AwsError(caller.code, caller.message);
    const denial = access.denied(caller, rights);
    if (denial !== undefined) throw new AwsError('AccessDeniedException', denialMessage(denial));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('content-type', `application/x-amz-json-${options.jsonVersion ?? '1.1'}`);
    const body = await readBody(request);
    const name = operationName(request, options.targetPrefix);
    const operation = Object.hasOwn(options.operations, name) ? options.operations[name] : undefined;
    const input = parseJson(body);
    authorize(request, operation?.rights(input) ?? []);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const fault = options.faults.hit({
      service: options.service,
      operation: name,
      target: operation?.target(input) ?? '',
    });
    if (fault?.kind === 'vanish') {
      vanishedUntilMs = performance.now() + fault.durationMs;
      server.closeAllConnections();
      return;
    }
    const refusal = refusalOf(fault);
    if (refusal !== undefined) throw refusal;
    if (fault?.kind === 'resetMidBody' && operation?.reads !== true) {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'delay') await delay(fault.delayMs);
    if (operation === undefined)
      throw new AwsError('UnknownOperationException', `${name || 'No operation'} is not offered here.`);
    const output = JSON.stringify(await operation.run(input, gone.signal));
    if (fault?.kind === 'dropAnswer') request.socket.destroy();
    else if (fault?.kind === 'resetMidBody') {
      writeHead(response, 200, output);
      response.write(output.slice(0, fault.afterBytes), () => request.socket.destroy());
    } else send(response, 200, output);
  }

  const server = createServer((request, response) => {
    if (vanished()) {
      request.socket.destroy();
      return;
    }
    answer(request, response).catch((error: unknown) => {
      // A client that left in the middle of its body; its socket may be gone altogether.
      if (response.destroyed) return;
      const known = error instanceof AwsError ? error : undefined;
      if (known === undefined) options.onDefect(error);
      const { code, message, fields, status } =
        known ?? new AwsError('InternalFailure', 'The endpoint failed.', {}, 500);
      send(response, status, JSON.stringify({ __type: code, message, ...fields }));
    });
  });
  server.on('connection', (socket) => {
    if (vanished()) socket.destroy();
  });
  const url = await listenOnLoopback(server, options.port);
  return { url, close: () => closeServer(server) };
}

/** All of it is taken from the socket, or the client would meet a reset and not the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new AwsError('RequestEntityTooLarge', 'The body is too large.', {}, 413);
  return Buffer.concat(chunks);
}

function operationName(request: IncomingMessage, prefix: string): string {
  const target = request.headers['x-amz-target'];
  if (request.method !== 'POST' || typeof target !== 'string' || !target.startsWith(`${prefix}.`)) return '';
  return target.slice(prefix.length + 1);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not JSON: ${String(cause)}`);
  }
}

function refusalOf(fault: FaultAction | undefined): AwsError | undefined {
  if (fault?.kind === 'fail') return new AwsError(fault.code, 'Fault injected.', {}, fault.status);
  if (fault?.kind === 'throttle') return new AwsError('ThrottlingException', 'Rate exceeded');
  return undefined;
}

function writeHead(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
  });
}

function send(response: ServerResponse, status: number, body: string): void {
  writeHead(response, status, body);
  response.end(body);
}
