import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Access, denialMessage } from '../shared/access.ts';
import type { FaultAction, Faults } from '../shared/faults.ts';
import type { Right } from '../shared/policy.ts';
import type { Context, Operation } from './context.ts';
import { type CorsRule, corsHeaders } from './cors.ts';
import { InjectedError, S3Error } from './errors.ts';
import { CutOff, Exchange } from './exchange.ts';
import { changeFaults, FAULTS_PATH } from './faultRules.ts';
import type { ObjectChange } from './notifications.ts';
import { readDocument, readPayload } from './payload.ts';
import { parseRequest } from './request.ts';
import { rightsOf } from './rights.ts';
import { route } from './routes.ts';
import { verifySignature } from './sigv4.ts';
import type { Store } from './store.ts';

export interface RequestHandlerOptions {
  readonly store: Store;
  readonly access: Access;
  readonly region: string;
  readonly faults: Faults;
  readonly cors: readonly CorsRule[];
  /** Of all parts of an upload but its last one. */
  readonly partMinBytes: number;
  readonly now: () => Date;
  /** Told of every object created or removed. Not awaited; it must not throw. */
  readonly onChange: (change: ObjectChange, requestId: string) => Promise<void>;
  /** A fault makes the endpoint vanish: all connections are to be closed. */
  readonly onVanish: () => void;
}

/** S3 stamps objects with whole seconds. */
export function wholeSecondsMs(now: () => Date): number {
  return Math.floor(now().getTime() / 1000) * 1000;
}

/** One request after the other, from its signature to its answer. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #underWay = new Set<Promise<void>>();
  #vanishedUntilMs = 0;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  begin(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const handled = this.#handle(message, response, expectsContinue).finally(() =>
      this.#underWay.delete(handled),
    );
    this.#underWay.add(handled);
  }

  isVanished(): boolean {
    return performance.now() < this.#vanishedUntilMs;
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #handle(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    if (this.isVanished()) {
      message.socket.destroy();
      return;
    }
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    const exchange = new Exchange(message, response, requestId, expectsContinue);
    response.setHeader('date', this.#options.now().toUTCString());
    const shared = corsHeaders(this.#options.cors, message.method ?? '', message.headers);
    for (const [name, value] of Object.entries(shared)) response.setHeader(name, value);
    try {
      if (message.method === 'OPTIONS') await answerPreflight(exchange, shared);
      else if (message.url === FAULTS_PATH) await this.#answerFaults(exchange);
      else await this.#answer(exchange);
    } catch (error) {
      if (error instanceof S3Error) exchange.sendError(error);
      else if (!(error instanceof CutOff) && !isDisconnect(error)) {
        console.error('S3 endpoint:', error);
        exchange.sendError(new S3Error('InternalError'));
      }
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { access, region, faults, partMinBytes, now, store, onChange } = this.#options;
    const request = parseRequest(exchange.message, exchange.requestId);
    const signature = verifySignature(request, access, region, now());
    const authorize = (rights: readonly Right[]): void => {
      const denial = access.denied(signature.accessKeyId, rights);
      if (denial !== undefined) throw new S3Error('AccessDenied', denialMessage(denial, '"'));
    };
    const operation: Operation = route(request);
    authorize(rightsOf(operation.name, { request, store }));
    const target = `${request.bucket}/${request.key}`;
    const fault = faults.hit({ service: 's3', operation: operation.name, target });
    await this.#applyFault(fault, exchange);
    const cutAfterBytes = fault?.kind === 'resetMidBody' && !operation.reads ? fault.afterBytes : undefined;
    const payload = readPayload(
      request,
      signature,
      () => exchange.body(cutAfterBytes),
      operation.checksumIsOfObject !== true,
    );
    if (operation.takesBody !== true) await readDocument(payload);
    const context: Context = {
      request,
      payload,
      store,
      region,
      partMinBytes,
      nowMs: () => wholeSecondsMs(now),
      notify: (change) => void onChange(change, exchange.requestId),
      authorize,
    };
    await exchange.send(await operation.run(context), fault);
  }

  /** @throws S3Error, CutOff; delays */
  async #applyFault(fault: FaultAction | undefined, exchange: Exchange): Promise<void> {
    switch (fault?.kind) {
      case 'fail':
        throw new InjectedError(fault.code, fault.status);
      case 'throttle':
        throw new S3Error('SlowDown');
      case 'delay':
        await delay(fault.delayMs);
        return;
      case 'vanish':
        this.#vanishedUntilMs = performance.now() + fault.durationMs;
        this.#options.onVanish();
        exchange.cutOff();
    }
  }

  async #answerFaults(exchange: Exchange): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of exchange.body()) chunks.push(chunk);
    const status = changeFaults(exchange.message.method, Buffer.concat(chunks), this.#options.faults);
    await exchange.send({ status, headers: {} }, undefined);
  }
}

/** A browser asks before it sends what a page of another origin may not send unasked. It signs nothing. */
async function answerPreflight(exchange: Exchange, allowed: Readonly<Record<string, string>>): Promise<void> {
  if (Object.keys(allowed).length === 0) throw new S3Error('AccessForbidden');
  await exchange.send({ status: 200, headers: { 'content-length': '0' } }, undefined);
}

/** A client that went away in the middle is no defect of the endpoint. */
function isDisconnect(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code));
}
