import { isBox } from '../../../functions/core/hls/segmentKind.ts';
import { BoxWalk } from '../../../functions/core/media/mp4/boxWalk.ts';
import { PACKET_BYTES } from '../../../functions/core/media/mpegts/packets.ts';

const SYNC = 0x47;
const HEAD_BYTES = 8;

/**
 * Whether what has come of a segment may be all of it, whatever its server says of its length: packets of a transport stream
 * and boxes of an MP4 say where they end. Of what has neither nobody can tell.
 */
export class Wholeness {
  readonly #walk = new BoxWalk();
  #unit: 'packets' | 'boxes' | 'unknown' | undefined;
  #bytes = 0;
  /** Of boxes: the beginning of a head. */
  #rest: Buffer = Buffer.alloc(0);

  /** Takes what comes next. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#unit === 'packets' || this.#unit === 'unknown') return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#unit ??= unitOf(bytes);
    const passed = this.#unit === 'boxes' ? this.#walk.take(bytes) : 0;
    this.#rest = Buffer.from(bytes.subarray(passed));
  }

  /** It ends within a box that says that it goes on. */
  get isCut(): boolean {
    return this.#unit === 'boxes' && !this.#walk.isBetweenBoxes && Number.isFinite(this.#walk.leftBytes);
  }

  get isWhole(): boolean {
    if (this.#unit === 'packets') return this.#bytes % PACKET_BYTES === 0;
    if (this.#unit === 'boxes') return this.#rest.length === 0 && this.#walk.isBetweenBoxes;
    return this.#unit === 'unknown' || this.#bytes === 0;
  }
}

/** @returns undefined while there is too little of it */
function unitOf(head: Buffer): 'packets' | 'boxes' | 'unknown' | undefined {
  if (head[0] === SYNC) return 'packets';
  if (head.length < HEAD_BYTES) return undefined;
  return isBox(head, 0) ? 'boxes' : 'unknown';
}
