import { damageMark, type Packet } from './packets.ts';

const ADAPTATION_ONLY = 0x20;
const STUFFING = 0xff;

interface Stream {
  last: Buffer;
  /** Pictures that have come to their end. */
  pictures: number;
  /** Those whose last packet was full. */
  full: number;
}

/**
 * Whether the last picture of each stream has come whole. Its length is not said: it ends where the next one begins, and
 * the end of a connection looks alike. But a picture seldom fills its last packet, which is stuffed then.
 */
export class LastPictures {
  readonly #streams = new Map<number, Stream>();

  /** @param bytes one packet of a stream of pictures, whose memory is not used again */
  see(bytes: Buffer, { pid, unitStart }: Packet): void {
    const stream = this.#streams.get(pid);
    if (stream === undefined) {
      this.#streams.set(pid, { last: bytes, pictures: 0, full: 0 });
      return;
    }
    if (unitStart) {
      stream.pictures += 1;
      if (!isStuffed(stream.last)) stream.full += 1;
    }
    stream.last = bytes;
  }

  get hasAny(): boolean {
    return this.#streams.size > 0;
  }

  /** For each picture that is cut off a packet by which a demuxer knows that it is damaged, and leaves it out. */
  marks(): Buffer[] {
    return [...this.#streams.values()].flatMap(({ last, pictures, full }) => {
      // Some multiplexers fill up with zeros, or begin a packet where they like.
      const isTold = 4 * full <= pictures;
      return isTold && !isStuffed(last)
        ? [damageMark(last.readUInt16BE(1) & 0x1fff, (last[3] ?? 0) & 0xf)]
        : [];
    });
  }
}

function isStuffed(packet: Buffer): boolean {
  const [, , , control = 0, adaptationBytes = 0] = packet;
  if ((control & ADAPTATION_ONLY) === 0) return false;
  return adaptationBytes === 0 || packet[4 + adaptationBytes] === STUFFING;
}
