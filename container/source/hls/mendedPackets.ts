import { PACKET_BYTES } from '../../../functions/core/media/mpegts/packets.ts';
import type { TrueTypes } from '../../../functions/core/media/mpegts/trueTypes.ts';

/**
 * A transport stream whose maps say what it has.
 * @param head its beginning, which it writes into
 * @param bytes what follows
 * @param types has looked at the head
 */
export function mended(
  head: Buffer,
  bytes: AsyncGenerator<Buffer, void, undefined>,
  types: TrueTypes,
): { readonly media: Buffer; readonly rest: AsyncGenerator<Buffer, void, undefined> } {
  const media = head.subarray(0, head.length - (head.length % PACKET_BYTES));
  types.mend(media);
  return { media, rest: mendedRest(head.subarray(media.length), bytes, types) };
}

async function* mendedRest(
  front: Buffer,
  bytes: AsyncGenerator<Buffer, void, undefined>,
  types: TrueTypes,
): AsyncGenerator<Buffer, void, undefined> {
  let left = front;
  for await (const chunk of bytes) {
    const all = Buffer.concat([left, chunk]);
    const whole = all.subarray(0, all.length - (all.length % PACKET_BYTES));
    left = all.subarray(whole.length);
    types.mend(whole);
    yield whole;
  }
  if (left.length > 0) yield left;
}
