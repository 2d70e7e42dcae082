const HEAD_BYTES = 12;
const VERSION = 2;
/** A packet whose number is so far off belongs to another numbering, if the next one does, too. */
const FAR = 1_000;
/** More are not waited for. */
const HELD_MAX = 500;

interface Held {
  readonly packet: Buffer;
  readonly atMs: number;
}

/**
 * Puts one stream of RTP in order that comes as datagrams (RFC 3550): what was overtaken is waited for, what comes twice counts
 * once. ffmpeg takes a packet that comes twice for two, which damages its picture.
 */
export class RtpOrder {
  readonly #lateMs: number;
  /** Who sends it (SSRC). */
  #source: number | undefined;
  /** Number of the packet that comes next. */
  #next = 0;
  /** What has overtaken it, by number, and when that came. */
  readonly #held = new Map<number, Held>();
  #far: Buffer | undefined;

  /** @param lateMs a packet that is missing is waited for so long */
  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  /** Takes a datagram. @returns what can be given on */
  push(packet: Buffer, nowMs: number): Buffer[] {
    if (packet.length < HEAD_BYTES || (packet[0] as number) >> 6 !== VERSION) return [];
    if (isControl(packet)) return [packet];
    const source = packet.readUInt32BE(8);
    if (source !== this.#source) {
      const rest = this.flush();
      this.#source = source;
      return this.#begin(rest, packet);
    }
    const ahead = this.#ahead(packet);
    if (Math.abs(ahead) > FAR) return this.#takeFar(packet);
    this.#far = undefined;
    if (ahead < 0) return [];
    if (!this.#held.has(numberOf(packet))) this.#held.set(numberOf(packet), { packet, atMs: nowMs });
    const ready = this.#inOrder();
    for (;;) {
      const first = this.#nearest();
      if (first === undefined) return ready;
      if (nowMs - first.atMs < this.#lateMs && this.#held.size <= HELD_MAX) return ready;
      this.#next = numberOf(first.packet);
      ready.push(...this.#inOrder());
    }
  }

  /** Nothing more comes. @returns what was held */
  flush(): Buffer[] {
    const rest = this.#heldInOrder().map(({ packet }) => packet);
    this.#held.clear();
    return rest;
  }

  /** The sender counts anew where what comes next goes on from there. */
  #takeFar(packet: Buffer): Buffer[] {
    const before = this.#far;
    this.#far = packet;
    if (before === undefined || numberOf(packet) !== following(before)) return [];
    return this.#begin([...this.flush(), before], packet);
  }

  #begin(rest: Buffer[], packet: Buffer): Buffer[] {
    this.#far = undefined;
    this.#next = following(packet);
    return [...rest, packet];
  }

  #inOrder(): Buffer[] {
    const ready: Buffer[] = [];
    for (;;) {
      const held = this.#held.get(this.#next);
      if (held === undefined) return ready;
      this.#held.delete(this.#next);
      this.#next = following(held.packet);
      ready.push(held.packet);
    }
  }

  #nearest(): Held | undefined {
    let nearest: Held | undefined;
    for (const held of this.#held.values())
      if (nearest === undefined || this.#ahead(held.packet) < this.#ahead(nearest.packet)) nearest = held;
    return nearest;
  }

  #heldInOrder(): Held[] {
    return [...this.#held.values()].toSorted((a, b) => this.#ahead(a.packet) - this.#ahead(b.packet));
  }

  /** By how many it is ahead of the one that comes next. */
  #ahead(packet: Buffer): number {
    return ((numberOf(packet) - this.#next + 0x8000) & 0xffff) - 0x8000;
  }
}

const numberOf = (packet: Buffer): number => packet.readUInt16BE(2);

const following = (packet: Buffer): number => (numberOf(packet) + 1) & 0xffff;

/** RTCP may come on the same port (RFC 5761, 4). */
function isControl(packet: Buffer): boolean {
  const type = packet[1] as number;
  return type >= 192 && type <= 223;
}
