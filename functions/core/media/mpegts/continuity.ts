import { damageMark, PACKET_BYTES } from './packets.ts';

const SYNC = 0x47;
const NULL_PID = 0x1fff;
const ASSOCIATION_PID = 0;
const NOTHING = Buffer.alloc(0);

/**
 * Makes one transport stream of several: continuity counters go on over the seams. Packagers begin them anew in each
 * segment, and a demuxer takes what comes at a seam for damaged then. So do encoders that are started again and files that
 * are played in a loop: where the association table counts anew, all do. Otherwise what is missing stays missing.
 */
export class Continuity {
  /** Of the last packet with a payload, by PID. */
  readonly #last = new Map<number, number>();
  /** What is added to the counters of the present segment, by PID. */
  readonly #shifts = new Map<number, number>();
  #rest: Buffer = Buffer.alloc(0);
  /** The last packet of the chunk before, mended. */
  #before: Buffer = Buffer.alloc(0);
  /** The last bytes were a packet, so the next ones are. */
  #isInStep: boolean = true;

  /**
   * The next segment begins. What was left of a packet that was cut off is dropped.
   * @param front what the segment has before its first packet
   * @returns the packet that the seam has cut in two; nothing where it is none
   */
  beginSegment(front: Buffer = NOTHING): Buffer {
    const cut = front.length === 0 ? NOTHING : Buffer.concat([this.#rest, front]);
    const isPacket = cut.length === PACKET_BYTES && cut[0] === SYNC;
    if (isPacket) this.#mend(cut, 0);
    this.#shifts.clear();
    this.#rest = Buffer.alloc(0);
    this.#before = Buffer.alloc(0);
    this.#isInStep = true;
    return isPacket ? cut : NOTHING;
  }

  /**
   * Takes any chunk of the segment, and writes into it.
   * @returns whole packets
   */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let whole = 0;
    const pieces: Buffer[] = [];
    while (at + PACKET_BYTES <= bytes.length) {
      // Within garbage a byte may look like a packet's first one: another packet follows on a packet.
      if (bytes[at] === SYNC && !this.#isInStep && at + PACKET_BYTES === bytes.length) break;
      if (bytes[at] === SYNC && (this.#isInStep || bytes[at + PACKET_BYTES] === SYNC)) {
        this.#isInStep = true;
        this.#mend(bytes, at);
        if (this.#isTwice(bytes, at)) {
          if (at > whole) pieces.push(bytes.subarray(whole, at));
          whole = at + PACKET_BYTES;
        }
        at += PACKET_BYTES;
        continue;
      }
      // Garbage between packets is left out.
      this.#isInStep = false;
      if (at > whole) pieces.push(bytes.subarray(whole, at));
      const next = bytes.indexOf(SYNC, at + 1);
      at = next < 0 ? bytes.length : next;
      whole = at;
    }
    if (at > whole) pieces.push(bytes.subarray(whole, at));
    if (at >= PACKET_BYTES) this.#before = Buffer.from(bytes.subarray(at - PACKET_BYTES, at));
    this.#rest = Buffer.from(bytes.subarray(at));
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** The present segment ends in its middle. @returns what says so of each stream, to whoever has read it up to here */
  cutOff(): Buffer {
    return Buffer.concat([...this.#last].map(([pid, counter]) => damageMark(pid, counter)));
  }

  #mend(bytes: Buffer, at: number): void {
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    if (pid === NULL_PID) return;
    const control = bytes[at + 3] as number;
    const counter = control & 0xf;
    const last = this.#last.get(pid);
    if (pid === ASSOCIATION_PID && counter === 0 && !this.#goesOn(pid, counter)) this.#shifts.clear();
    let shift = this.#shifts.get(pid);
    if (shift === undefined) {
      // A packet without payload has the counter of the one before it.
      const expected = last === undefined ? counter : (last + ((control & 0x10) === 0 ? 0 : 1)) & 0xf;
      shift = (expected - counter) & 0xf;
      this.#shifts.set(pid, shift);
    }
    const mended = (counter + shift) & 0xf;
    bytes[at + 3] = (control & 0xf0) | mended;
    this.#last.set(pid, mended);
  }

  /** Packets may be sent twice (ISO/IEC 13818-1, 2.4.3.3): a demuxer takes the second one for a picture's next piece. */
  #isTwice(bytes: Buffer, at: number): boolean {
    const hasPayload = ((bytes[at + 3] ?? 0) & 0x10) !== 0;
    const [before, from] = at < PACKET_BYTES ? [this.#before, 0] : [bytes, at - PACKET_BYTES];
    if (!hasPayload || before[from + 3] !== bytes[at + 3] || before[from + 2] !== bytes[at + 2]) return false;
    return bytes.compare(before, from, from + PACKET_BYTES, at, at + PACKET_BYTES) === 0;
  }

  /** The counter of the packet is that of the one before, which is sent twice then, or the next one. */
  #goesOn(pid: number, counter: number): boolean {
    const last = this.#last.get(pid);
    const mended = (counter + (this.#shifts.get(pid) ?? 0)) & 0xf;
    return last === undefined || mended === last || mended === ((last + 1) & 0xf);
  }
}
