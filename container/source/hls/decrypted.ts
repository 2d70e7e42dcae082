import type { Decipheriv } from 'node:crypto';
import { PlaylistError } from '../../../functions/core/hls/playlist.ts';
import { readSegmentStart } from '../../../functions/core/hls/segmentKind.ts';

const BLOCK_BYTES = 16;

/**
 * What was encrypted with AES-128. Some packagers put no padding behind the last block (RFC 8216, 4.3.2.4, asks for it): there
 * it is all media.
 * @throws PlaylistError the key is not the one for it, or it is cut off; as `body`
 */
export async function* decrypted(
  body: AsyncGenerator<Buffer, void, undefined>,
  decipher: Decipheriv,
): AsyncGenerator<Buffer, void, undefined> {
  decipher.setAutoPadding(false);
  let last: Buffer = Buffer.alloc(0);
  let isMedia: boolean | undefined;
  for await (const chunk of body) {
    const plain = Buffer.concat([last, decipher.update(chunk)]);
    isMedia ??= plain.length < BLOCK_BYTES ? undefined : readSegmentStart(plain) !== undefined;
    const passed = Math.max(0, plain.length - BLOCK_BYTES);
    last = plain.subarray(passed);
    if (passed > 0) yield plain.subarray(0, passed);
  }
  const padding = last.at(-1) ?? 0;
  const isPadded =
    padding > 0 && padding <= last.length && last.subarray(-padding).every((byte) => byte === padding);
  try {
    decipher.final();
    if (!isPadded && isMedia !== true) throw new Error('no padding');
  } catch (cause) {
    throw new PlaylistError('has a segment that its key does not decrypt', { cause });
  }
  yield isPadded ? last.subarray(0, last.length - padding) : last;
}
