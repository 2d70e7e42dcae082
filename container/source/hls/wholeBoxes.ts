import { isBox } from '../../../functions/core/hls/segmentKind.ts';
import { BoxWalk } from '../../../functions/core/media/mp4/boxWalk.ts';

const HEAD_BYTES = 8;

/**
 * A segment of fragmented MP4 without what its server has put behind its last box: the next segment would be taken for the
 * rest of it. Other segments stay as they are.
 */
export async function* inWholeBoxes(
  sent: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  const walk = new BoxWalk();
  let isMp4: boolean | undefined;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of sent) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (bytes.length >= HEAD_BYTES) isMp4 ??= isBox(bytes, 0);
    let passed = isMp4 === false ? bytes.length : 0;
    if (isMp4 === true) passed = walk.take(bytes);
    if (passed > 0) yield bytes.subarray(0, passed);
    // The segment is read to its end all the same: its connection is used again.
    rest = walk.isOver ? Buffer.alloc(0) : Buffer.from(bytes.subarray(passed));
  }
  if (isMp4 === undefined && rest.length > 0) yield rest;
}
