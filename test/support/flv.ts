const HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const SCRIPT_TAG = 18;

/** FLV streams one after the other, as a publisher sends them that changes its codec's parameters on the way. */
export function joinFlv(streams: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [streams[0]?.subarray(0, HEADER_BYTES) ?? Buffer.alloc(0)];
  let offsetMs = 0;
  for (const [index, stream] of streams.entries()) {
    let lastMs = 0;
    for (let at = HEADER_BYTES; at + TAG_HEADER_BYTES <= stream.length; ) {
      const tagBytes = TAG_HEADER_BYTES + stream.readUIntBE(at + 1, 3) + 4;
      const tag = Buffer.from(stream.subarray(at, at + tagBytes));
      lastMs = tag.readUIntBE(4, 3) + (tag[7] as number) * 2 ** 24;
      tag.writeUIntBE((lastMs + offsetMs) % 2 ** 24, 4, 3);
      tag[7] = Math.floor((lastMs + offsetMs) / 2 ** 24);
      if (index === 0 || tag[0] !== SCRIPT_TAG) pieces.push(tag);
      at += tagBytes;
    }
    offsetMs += lastMs + 40;
  }
  return Buffer.concat(pieces);
}

export const VIDEO_TAG = 9;
const KEYFRAME = 1;
const SEQUENCE_HEADER = 0;

/** A live FLV stream, tag by tag: a listener gets its header and the codecs' parameters, then goes on from a keyframe. */
export class FlvJoiner {
  #rest = Buffer.alloc(0);
  readonly #head: Buffer[] = [];
  #hasVideo: boolean = false;

  get head(): Buffer {
    return Buffer.concat(this.#head);
  }

  push(chunk: Buffer): { bytes: Buffer; joins: boolean }[] {
    let all = Buffer.concat([this.#rest, chunk]);
    if (this.#head.length === 0) {
      if (all.length < HEADER_BYTES) {
        this.#rest = all;
        return [];
      }
      this.#head.push(all.subarray(0, HEADER_BYTES));
      this.#hasVideo = ((all[4] as number) & 1) === 1;
      all = all.subarray(HEADER_BYTES);
    }
    const tags: { bytes: Buffer; joins: boolean }[] = [];
    for (;;) {
      if (all.length < TAG_HEADER_BYTES) break;
      const tagBytes = TAG_HEADER_BYTES + all.readUIntBE(1, 3) + 4;
      if (all.length < tagBytes) break;
      const tag = all.subarray(0, tagBytes);
      all = all.subarray(tagBytes);
      if (tag[0] === SCRIPT_TAG || tag[TAG_HEADER_BYTES + 1] === SEQUENCE_HEADER) this.#head.push(tag);
      else tags.push({ bytes: tag, joins: this.#joins(tag) });
    }
    this.#rest = all;
    return tags;
  }

  #joins(tag: Buffer): boolean {
    if (!this.#hasVideo) return true;
    return tag[0] === VIDEO_TAG && (tag[TAG_HEADER_BYTES] as number) >> 4 === KEYFRAME;
  }
}
