import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { changingRequests, type SdkRequest } from './changingRequests.ts';

/** As much as TLS is given at once. */
const SLICE_BYTES = 256 * 1024;

/** A body that lies in several places, one behind the other. Only a client of `sendInSlices` takes it; its length is said beside it. */
export class BodyInPieces {
  readonly pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
  }

  get byteLength(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }
}

/**
 * A client whose large bodies go out slice by slice, each when the one before is on its way. Node's TLS encrypts what it is
 * given at once, into memory of its own: with a whole S3 part that is another 8 MiB, and V8, which counts them, looks through
 * its whole heap each time (docs/decisions/recorder-cpu.md). A try that is repeated begins with the whole body.
 */
export const sendInSlices = (client: S3Client): S3Client => changingRequests(client, inSlices);

/** Its length is in its header, so it is not sent in chunks. Without TLS nothing is copied. */
function inSlices(request: SdkRequest): Pick<SdkRequest, 'body'> | undefined {
  const pieces = piecesOf(request);
  if (pieces === undefined) return undefined;
  return { body: Readable.from(slicesOf(pieces), { objectMode: false, highWaterMark: SLICE_BYTES }) };
}

/** Undefined for what goes out as it is. */
function piecesOf({ protocol, body }: SdkRequest): readonly Buffer[] | undefined {
  if (body instanceof BodyInPieces) return body.pieces;
  return protocol === 'https:' && Buffer.isBuffer(body) && body.length > SLICE_BYTES ? [body] : undefined;
}

function* slicesOf(pieces: readonly Buffer[]): Generator<Buffer, void, undefined> {
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += SLICE_BYTES) yield piece.subarray(at, at + SLICE_BYTES);
}
