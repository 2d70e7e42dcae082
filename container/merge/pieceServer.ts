import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import type { Logger } from '@aws-lambda-powertools/logger';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isStatus } from '../../functions/aws/stateStore.ts';
import type { MergePiece } from '../../functions/core/rooms/merge.ts';
import { retrying } from '../upload/retry.ts';

/** The record was deleted, is another one by now, or lies where nobody reads it at once. Who may not list is told 403. */
const GONE_STATUSES = [403, 404, 405, 412];

export interface PieceServerOptions {
  readonly s3: S3Client;
  readonly log: Logger;
  /** Aborts what is still being read. */
  readonly signal: AbortSignal;
}

/**
 * The library's records on loopback, for ffmpeg: it gets no credentials and no signed address, and reaches no host but this
 * one. S3 that is away is waited for, and read on where it was; a record that is gone is told.
 */
export class PieceServer {
  readonly #options: PieceServerOptions;
  readonly #server: Server;
  /** Nobody else on the machine knows it. */
  readonly #secret = randomUUID();
  readonly #pieces: MergePiece[] = [];
  readonly #gone = new Set<MergePiece>();

  static async start(options: PieceServerOptions): Promise<PieceServer> {
    const server = new PieceServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(options: PieceServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!options.signal.aborted && !response.destroyed)
          options.log.error('a record could not be read', { path: pathOf(request), error: error as Error });
        response.destroy();
      });
    });
  }

  /** Where ffmpeg reads a record. */
  urlOf(piece: MergePiece): string {
    const known = this.#pieces.indexOf(piece);
    const place = known < 0 ? this.#pieces.push(piece) - 1 : known;
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${this.#secret}/${place}`;
  }

  /** Records that were asked for, and are not there any more. */
  get gone(): readonly MergePiece[] {
    return [...this.#gone];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const piece = this.#pieceOf(request);
    const first = piece === undefined ? undefined : firstByte(request, piece.bytes);
    if (piece === undefined || first === undefined) {
      response.writeHead(piece === undefined ? 404 : 416).end();
      return;
    }
    response.writeHead(206, {
      'Accept-Ranges': 'bytes',
      'Content-Type': 'application/octet-stream',
      'Content-Range': `bytes ${first}-${piece.bytes - 1}/${piece.bytes}`,
      'Content-Length': piece.bytes - first,
    });
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const signal = AbortSignal.any([this.#options.signal, closed.signal]);
    let at = first;
    const read = async (): Promise<void> => {
      for await (const chunk of await this.#open(piece, at, signal)) {
        at += chunk.length;
        if (!response.write(chunk)) await once(response, 'drain', { signal });
      }
      if (at < piece.bytes) throw new Error(`${piece.bytes - at} bytes are missing`);
    };
    await retrying(read, {
      signal,
      isFinal: (error) => this.#isGone(piece, error),
      onRetry: (error, tries) =>
        this.#options.log.warn('a record is not read; trying again', {
          ...{ partOf: piece.recordingId, part: piece.part, tries },
          error: error as Error,
        }),
    });
    response.end();
  }

  async #open(piece: MergePiece, from: number, signal: AbortSignal): Promise<Readable> {
    const { bucket, key, versionId, etag, bytes } = piece;
    const command = new GetObjectCommand({
      ...{ Bucket: bucket, Key: key, VersionId: versionId, IfMatch: etag },
      Range: `bytes=${from}-${bytes - 1}`,
    });
    const { Body } = await this.#options.s3.send(command, { abortSignal: signal });
    return Body as Readable;
  }

  #isGone(piece: MergePiece, error: unknown): boolean {
    const isGone = GONE_STATUSES.some((status) => isStatus(error, status));
    if (isGone) this.#gone.add(piece);
    return isGone;
  }

  #pieceOf(request: IncomingMessage): MergePiece | undefined {
    const [, secret, place] = pathOf(request).split('/');
    return secret === this.#secret ? this.#pieces[Number(place)] : undefined;
  }
}

const pathOf = ({ url = '' }: IncomingMessage): string => url;

/** ffmpeg asks for all from somewhere on; undefined: there is nothing. */
function firstByte({ headers }: IncomingMessage, bytes: number): number | undefined {
  const [, digits = '0'] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  const first = Number(digits);
  return first < bytes ? first : undefined;
}
