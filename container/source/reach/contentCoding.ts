import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

const GZIP_MAGIC = 0x1f8b;
/** Of what zlib writes, the first two bytes are a multiple of it (RFC 1950, 2.2). */
const ZLIB_CHECK = 31;
const ZLIB_METHOD = 8;

/**
 * What a server compressed, without having been asked: no more of it may be read from the response itself. Storage keeps the
 * header apart from the content, so that one of them may be missing: gzip is told by how the content begins.
 */
export async function decoded(response: IncomingMessage): Promise<Readable> {
  const head = await headOf(response);
  const decoder = decoderOf(head, response.headers['content-encoding']?.trim().toLowerCase());
  if (decoder === undefined) return response;
  // Whoever reads the last one hears of an error of either.
  return pipeline(response, decoder, () => undefined);
}

function decoderOf(head: Buffer, coding: string | undefined) {
  const start = head.length < 2 ? 0 : head.readUInt16BE(0);
  if (start === GZIP_MAGIC) return createGunzip();
  if (coding === 'br') return createBrotliDecompress();
  if (coding !== 'deflate') return undefined;
  // Some servers leave zlib's head out.
  const isZlib = (start >> 8) % 16 === ZLIB_METHOD && start % ZLIB_CHECK === 0;
  return isZlib ? createInflate() : createInflateRaw();
}

/** What has come of it first, which stays in it; empty when nothing will. */
async function headOf(response: IncomingMessage): Promise<Buffer> {
  if (response.readableLength === 0 && !response.destroyed) await readableOrOver(response);
  const head = response.read() as Buffer | null;
  if (head === null) return Buffer.alloc(0);
  response.unshift(head);
  return head;
}

/** Whoever reads it hears of how it is over. */
async function readableOrOver(response: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('readable', done);
      response.off('close', done);
      resolve();
    };
    response.on('readable', done);
    response.on('close', done);
  });
}
