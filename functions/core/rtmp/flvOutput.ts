import { SIZE_BYTES, TAG_HEADER_BYTES } from '../media/flv/tagLayout.ts';
import { KIND, type RtmpMessage } from './messages.ts';
import type { SpareMemory } from './spareMemory.ts';

const HAS_AUDIO = 4;
const HAS_VIDEO = 1;
const SIGNATURE = Buffer.from('FLV\u0001');
const HEADER_BYTES = 9;
/** What is said before anybody knows what the stream has; more is left out. */
const HELD_MAX_BYTES = 64 * 1024;
const SET_DATA_FRAME = Buffer.concat([Buffer.of(2, 0, 13), Buffer.from('@setDataFrame')]);
const ROOM_MIN_BYTES = 4 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Messages of RTMP as a stream of FLV. Its header says which media there are, as far as that is known when the first of
 * them comes: a demuxer waits for those.
 */
export class FlvOutput {
  readonly #spare: SpareMemory;
  #memory: Buffer = NOTHING;
  #filled = 0;
  /** As much as was taken last: what comes next is as long. */
  #usualBytes = ROOM_MIN_BYTES;
  #isHeaderWritten: boolean = false;
  #media = 0;
  #held: RtmpMessage[] = [];
  #heldBytes = 0;

  /** @param spare gives memory for what is taken */
  constructor(spare: SpareMemory) {
    this.#spare = spare;
  }

  /** Takes what is said of the stream; all else is left out. The body is copied. */
  push(message: RtmpMessage): void {
    const { kind, body, atMs } = message;
    if (kind === KIND.aggregate) this.#pushTags(message);
    else if (kind === KIND.audio || kind === KIND.video) this.#media_(kind, atMs, body);
    else if (kind === KIND.data) this.#data(atMs, body);
    else if (kind === KIND.data3) this.#data(atMs, body.subarray(1));
  }

  /** @returns whole tags that have come since it was asked last, in memory of their own, which may be given back; it may be empty */
  take(): Buffer {
    const taken = this.#memory.subarray(0, this.#filled);
    if (this.#filled > 0) this.#memory = NOTHING;
    if (this.#filled > 0) this.#usualBytes = Math.max(ROOM_MIN_BYTES, this.#filled);
    this.#filled = 0;
    return taken;
  }

  #media_(kind: 8 | 9, atMs: number, body: Buffer): void {
    if (body.length === 0) return;
    this.#media |= kind === KIND.audio ? HAS_AUDIO : HAS_VIDEO;
    this.#tag(kind, atMs, body);
  }

  /** Who publishes asks a server to keep what is said of a stream; some hand that on as it is. */
  #data(atMs: number, sent: Buffer): void {
    const isAsked = sent.subarray(0, SET_DATA_FRAME.length).equals(SET_DATA_FRAME);
    const body = isAsked ? sent.subarray(SET_DATA_FRAME.length) : sent;
    if (body.length === 0) return;
    if (body.includes('videocodecid')) this.#media |= HAS_VIDEO;
    if (body.includes('audiocodecid')) this.#media |= HAS_AUDIO;
    if (this.#media !== 0) this.#tag(KIND.data, atMs, body);
    else if (this.#heldBytes + body.length <= HELD_MAX_BYTES) {
      this.#heldBytes += body.length;
      this.#held.push({ kind: KIND.data, atMs, streamId: 0, body: Buffer.from(body) });
    }
  }

  /** Times within are those of the first, which is the message's, and what they have gone on since. */
  #pushTags({ atMs, streamId, body }: RtmpMessage): void {
    let firstMs: number | undefined;
    for (let at = 0; at + TAG_HEADER_BYTES <= body.length; ) {
      const from = at + TAG_HEADER_BYTES;
      const end = from + body.readUIntBE(at + 1, 3);
      if (end > body.length) return;
      const ownMs = body.readUIntBE(at + 4, 3) + (body[at + 7] ?? 0) * 2 ** 24;
      firstMs ??= ownMs;
      const kind = body[at] ?? 0;
      if (kind !== KIND.aggregate)
        this.push({ kind, atMs: (atMs + ownMs - firstMs) >>> 0, streamId, body: body.subarray(from, end) });
      at = end + SIZE_BYTES;
    }
  }

  #tag(kind: number, atMs: number, body: Buffer): void {
    if (!this.#isHeaderWritten) {
      this.#isHeaderWritten = true;
      const header = this.#room(HEADER_BYTES + SIZE_BYTES).fill(0);
      SIGNATURE.copy(header);
      header[4] = this.#media;
      header[8] = HEADER_BYTES;
      for (const held of this.#held) this.#tag(held.kind, held.atMs, held.body);
      this.#held = [];
    }
    const tag = this.#room(TAG_HEADER_BYTES + body.length + SIZE_BYTES);
    tag[0] = kind;
    tag.writeUIntBE(body.length, 1, 3);
    tag.writeUIntBE(atMs & 0xffffff, 4, 3);
    tag[7] = atMs >>> 24;
    tag.writeUIntBE(0, 8, 3);
    body.copy(tag, TAG_HEADER_BYTES);
    tag.writeUInt32BE(TAG_HEADER_BYTES + body.length, TAG_HEADER_BYTES + body.length);
  }

  /** Memory behind what is there: what lies together is written together. */
  #room(bytes: number): Buffer {
    const needed = this.#filled + bytes;
    if (needed > this.#memory.length) {
      const memory = this.#spare.take(Math.max(this.#usualBytes, 2 * this.#memory.length, needed));
      this.#memory.copy(memory, 0, 0, this.#filled);
      this.#spare.giveBack(this.#memory);
      this.#memory = memory;
    }
    const from = this.#filled;
    this.#filled = needed;
    return this.#memory.subarray(from, needed);
  }
}
