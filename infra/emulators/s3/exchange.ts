import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultAction } from '../shared/faults.ts';
import type { Answer, AnswerStream } from './context.ts';
import type { S3Error } from './errors.ts';
import { toXml } from './xml.ts';

/** An answer of so few bytes is sent whole. */
const SMALL_BYTES = 64 * 1024;

/** The socket was destroyed on purpose: there is nobody to answer to. */
export class CutOff extends Error {}

/** One request and its answer on the wire, with what a fault does to either. */
export class Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly #expectsContinue: boolean;
  #bodyBegun = false;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    expectsContinue: boolean,
  ) {
    this.message = message;
    this.response = response;
    this.requestId = requestId;
    this.#expectsContinue = expectsContinue;
  }

  /** @param cutAfterBytes the connection breaks there, or at the body's end if that comes first */
  async *body(cutAfterBytes?: number): AsyncGenerator<Buffer, void, undefined> {
    if (this.#expectsContinue && !this.#bodyBegun) this.response.writeContinue();
    this.#bodyBegun = true;
    if (hasBody(this.message)) {
      let bytes = 0;
      // A body that is given up half-read still wants an answer on its connection.
      for await (const chunk of this.message.iterator({ destroyOnReturn: false })) {
        bytes += chunk.length;
        if (cutAfterBytes !== undefined && bytes >= cutAfterBytes) break;
        yield chunk;
      }
    }
    if (cutAfterBytes !== undefined) this.cutOff();
  }

  /** @throws CutOff */
  cutOff(): never {
    this.message.socket.destroy();
    throw new CutOff('The connection was cut off by a fault rule.');
  }

  async send(answer: Answer, fault: FaultAction | undefined): Promise<void> {
    const { body } = answer;
    try {
      if (fault?.kind === 'dropAnswer') this.cutOff();
      const headers: Record<string, string> = { ...answer.headers };
      if (typeof body === 'string') headers['content-length'] = String(Buffer.byteLength(body));
      this.#writeHead(answer.status, headers);
      const cutAfterBytes = fault?.kind === 'resetMidBody' ? fault.afterBytes : undefined;
      if (this.message.method === 'HEAD' || body === undefined) this.response.end();
      else if (cutAfterBytes !== undefined) await this.#sendBeginning(body, cutAfterBytes);
      else if (typeof body === 'string') this.response.end(body);
      else if (body.bytes <= SMALL_BYTES) this.response.end(await gathered(body));
      else await pipeline(Readable.from(body.open(), { objectMode: false }), this.response);
    } finally {
      if (typeof body === 'object') body.release();
    }
  }

  /** An error document; without one for HEAD, as S3 does. */
  sendError(error: S3Error): void {
    if (this.response.headersSent || this.message.socket.destroyed) {
      this.message.socket.destroy();
      return;
    }
    const xml = toXml('Error', {
      Code: error.code,
      Message: error.message,
      ...error.details,
      Resource: (this.message.url ?? '').split('?')[0],
      RequestId: this.requestId,
      HostId: this.requestId,
    });
    const headers: Record<string, string> = {
      'content-type': 'application/xml',
      'content-length': String(Buffer.byteLength(xml)),
    };
    // The client waits to send its body and will not now, so nobody knows where the next request would begin.
    if (this.#expectsContinue && !this.#bodyBegun) headers.connection = 'close';
    this.#writeHead(error.status, headers);
    this.response.end(this.message.method === 'HEAD' ? undefined : xml);
    this.message.resume();
  }

  #writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(status, {
      ...headers,
      server: 'AmazonS3',
      'x-amz-request-id': this.requestId,
      'x-amz-id-2': this.requestId,
    });
  }

  async #sendBeginning(body: string | AnswerStream, bytes: number): Promise<void> {
    let left = bytes;
    for await (const chunk of typeof body === 'string' ? [Buffer.from(body)] : body.open()) {
      if (left === 0) break;
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      await new Promise<void>((resolve) => this.response.write(piece, () => resolve()));
    }
    // Headers too have to be out before the connection goes.
    if (this.response.socket?.writableLength) await once(this.response.socket, 'drain');
    this.cutOff();
  }
}

/** Most requests have none: then no stream need be read. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

async function gathered(body: AnswerStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
