import type { ChecksumAlgorithm } from './checksums.ts';
import type { Context } from './context.ts';
import type { Received } from './payload.ts';
import type { Segment } from './records.ts';

/**
 * Streams the request's body into a new blob, verifies it, and hands it to `commit`, which runs at once. The blob goes
 * again unless the commit keeps it.
 */
export async function storeBody<Result>(
  { payload, store }: Context,
  algorithm: ChecksumAlgorithm,
  commit: (stored: Received & { readonly segments: readonly Segment[] }) => Result,
): Promise<Result> {
  const writer = store.blobs.create();
  try {
    let received: Received;
    try {
      received = await payload.receive(algorithm, (chunk) => writer.write(chunk));
    } finally {
      await writer.close();
    }
    return commit({ ...received, segments: writer.segments });
  } finally {
    store.blobs.release(writer.segments);
  }
}
