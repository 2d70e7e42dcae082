import { PlaylistError } from '../../../functions/core/hls/playlist.ts';
import { isBox } from '../../../functions/core/hls/segmentKind.ts';
import { BoxWalk } from '../../../functions/core/media/mp4/boxWalk.ts';

const HEAD_BYTES = 8;
/** A box that says no length is held until it has come. */
const ENDLESS_MAX_BYTES = 32 * 1024 * 1024;

/** A box that lacks more than that may say a wrong length. */
const CUT_MAX_BYTES = 32 * 1024 * 1024;
const NOTHING = Buffer.alloc(64 * 1024);

/**
 * A segment of fragmented MP4 without what its server has put behind its last box, and with that box's length where it says
 * none: the next segment would be taken for the rest of it. Other segments stay as they are.
 * @throws PlaylistError
 */
export async function* inWholeBoxes(
  sent: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  const walk = new BoxWalk();
  let isMp4: boolean | undefined;
  let rest: Buffer = Buffer.alloc(0);
  let endless: EndlessBox | undefined;
  for await (const chunk of sent) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (bytes.length >= HEAD_BYTES) isMp4 ??= isBox(bytes, 0);
    let passed = isMp4 === false ? bytes.length : 0;
    if (isMp4 === true) passed = walk.take(bytes);
    if (walk.endlessAt !== undefined) endless ??= new EndlessBox();
    const held = endless === undefined ? passed : (walk.endlessAt ?? 0);
    if (held > 0) yield bytes.subarray(0, held);
    endless?.push(bytes.subarray(held, passed));
    // The segment is read to its end all the same: its connection is used again.
    rest = walk.isOver ? Buffer.alloc(0) : Buffer.from(bytes.subarray(passed));
  }
  if (isMp4 === undefined && rest.length > 0) yield rest;
  if (endless !== undefined) yield endless.end();
  else yield* filled(walk.leftBytes);
}

/** What a segment lacks that was cut off within a box: the next one would be taken for that, and be lost with it. */
function* filled(bytes: number): Generator<Buffer> {
  for (let left = bytes <= CUT_MAX_BYTES ? bytes : 0; left > 0; left -= NOTHING.length)
    yield NOTHING.subarray(0, Math.min(left, NOTHING.length));
}

/** The last box of a segment, which goes on to its end. */
class EndlessBox {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > ENDLESS_MAX_BYTES)
      throw new PlaylistError('has a segment that is too long for one whose last box says no length');
    this.#pieces.push(Buffer.from(piece));
  }

  end(): Buffer {
    const box = Buffer.concat(this.#pieces);
    box.writeUInt32BE(box.length);
    return box;
  }
}
