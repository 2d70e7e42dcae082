import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** As much as TLS is given at once. */
const SLICE_BYTES = 256 * 1024;

/** As much of the SDK's request as is needed here. */
interface Request {
  readonly protocol: string;
  readonly body?: unknown;
}

/**
 * A client whose large bodies go out slice by slice, each when the one before is on its way. Node's TLS encrypts what it is
 * given at once, into memory of its own: with a whole S3 part that is another 8 MiB, and V8, which counts them, looks through
 * its whole heap each time (docs/decisions/recorder-cpu.md). A try that is repeated begins with the whole body.
 */
export function sendInSlices(client: S3Client): S3Client {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) => handle(inSlices(request), options);
  return client;
}

/** Its length is in its header, so it is not sent in chunks. Without TLS nothing is copied. */
function inSlices<T extends Request>(request: T): T {
  const { protocol, body } = request;
  if (protocol !== 'https:' || !Buffer.isBuffer(body) || body.length <= SLICE_BYTES) return request;
  const sliced = Readable.from(slicesOf(body), { objectMode: false, highWaterMark: SLICE_BYTES });
  return Object.assign(Object.create(Object.getPrototypeOf(request)), request, { body: sliced });
}

function* slicesOf(body: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < body.length; at += SLICE_BYTES) yield body.subarray(at, at + SLICE_BYTES);
}
