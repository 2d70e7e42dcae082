import { contentType, isSameCodec, isTold, TYPE } from './contentType.ts';
import { PACKET_BYTES, readPacket } from './packets.ts';
import { namesCodec } from './programTable.ts';
import { programMapPids } from './tables.ts';
import { crc32Mpeg } from './tableWriter.ts';

const SYNC = 0x47;
const PES_HEADER_BYTES = 9;
/** Of a PES packet's `stream_id`: MPEG's sound, and pictures. What else there is has that of private data. */
const SOUND_ID = 0xc0;
const SOUND_MASK = 0xe0;
const PICTURES_ID = 0xe0;
const PICTURES_MASK = 0xf0;

/** Sound that has not told by then begins in the middle of frames, which may look like anything. */
const OTHER_UNITS_MAX = 4;

/** What a map says of a stream. */
interface Entry {
  readonly pid: number;
  readonly type: number;
  /** Of its type, in the packet. */
  readonly at: number;
  /** What it is can be told by its content, and stands nowhere else. */
  readonly isOpen: boolean;
}

/**
 * Mends programme maps that call a stream what it is not: HEVC that is called H.264, AAC that is called MP3, and what is
 * called private without a word of what it is. A demuxer takes them at their word, and has none of such a stream.
 */
export class TrueTypes {
  #maps: ReadonlySet<number> = new Set();
  /** Of each map the last packet, as it came. */
  readonly #last = new Map<number, Buffer>();
  readonly #declared = new Map<number, number>();
  /** Streams of which nothing has come that tells what they are, and how many units have. */
  readonly #open = new Map<number, number>();
  /** Streams that are something else. */
  readonly #wrong = new Map<number, number>();
  /** Streams of which nothing at all has come since they were declared. */
  readonly #awaited = new Set<number>();
  /** Streams of which somebody has been told. */
  readonly #passedOn = new Set<number>();
  readonly #corrected = new Set<number>();

  /** Streams that were called something else until they came, since `forget`. */
  get corrected(): ReadonlySet<number> {
    return this.#corrected;
  }

  /** Nobody has been told anything else. */
  forget(): void {
    this.#corrected.clear();
  }

  /**
   * What comes next of a stream.
   * @param packets whole ones; it writes into them
   * @returns the same, with maps in front of what has just shown that they are wrong
   */
  push(packets: Buffer): Buffer {
    const pieces: Buffer[] = [];
    let from = 0;
    for (const pid of this.#declared.keys()) this.#passedOn.add(pid);
    for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
      // Maps that are here as well are mended before anybody sees them.
      if (!this.#see(packets, at) || !this.#passedOn.has(pidAt(packets, at))) continue;
      this.#corrected.add(pidAt(packets, at));
      pieces.push(packets.subarray(from, at), ...[...this.#last.values()].map((map) => Buffer.from(map)));
      from = at;
    }
    const all = pieces.length === 0 ? packets : Buffer.concat([...pieces, packets.subarray(from)]);
    this.mend(all);
    return all;
  }

  /**
   * Looks at how a stream begins.
   * @returns whether something of all that it declares is there
   */
  look(packets: Buffer): boolean {
    for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) this.#see(packets, at);
    return this.#awaited.size === 0;
  }

  /** A stream has shown that it is something else. */
  get hasWrong(): boolean {
    return this.#wrong.size > 0;
  }

  /** Mends all maps in it, by what is known. @param packets whole ones; it writes into them */
  mend(packets: Buffer): void {
    if (this.#wrong.size === 0) return;
    for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES)
      if (this.#isMap(packets, at)) this.#mendMap(packets.subarray(at, at + PACKET_BYTES));
  }

  /** @returns whether a stream has just shown that it is something else */
  #see(bytes: Buffer, at: number): boolean {
    if (!isUnitAt(bytes, at)) return false;
    const pid = pidAt(bytes, at);
    if (pid !== 0 && !this.#maps.has(pid) && !this.#open.has(pid)) return false;
    const packet = bytes.subarray(at, at + PACKET_BYTES);
    const { payloadAt, isScrambled } = readPacket(packet, 0);
    if (pid === 0) this.#maps = programMapPids(packet, payloadAt) ?? this.#maps;
    else if (this.#maps.has(pid)) this.#readMap(pid, packet);
    else return this.#readUnit(pid, packet, isScrambled ? PACKET_BYTES : payloadAt);
    return false;
  }

  #isMap(bytes: Buffer, at: number): boolean {
    return this.#maps.has(pidAt(bytes, at)) && isUnitAt(bytes, at);
  }

  #readMap(pid: number, packet: Buffer): void {
    const { entries } = mapIn(packet);
    this.#last.set(pid, Buffer.from(packet));
    for (const entry of entries) {
      if (this.#declared.get(entry.pid) === entry.type) continue;
      this.#declared.set(entry.pid, entry.type);
      this.#wrong.delete(entry.pid);
      if (!entry.isOpen) continue;
      this.#open.set(entry.pid, 0);
      this.#awaited.add(entry.pid);
    }
  }

  #readUnit(pid: number, packet: Buffer, payloadAt: number): boolean {
    const contentAt = payloadAt + PES_HEADER_BYTES + (packet[payloadAt + PES_HEADER_BYTES - 1] ?? 0);
    this.#awaited.delete(pid);
    const streamId = packet[payloadAt + 3] ?? 0;
    const isSound = (streamId & SOUND_MASK) === SOUND_ID;
    const isPictures = (streamId & PICTURES_MASK) === PICTURES_ID;
    const type = contentAt < PACKET_BYTES ? contentType(packet.subarray(contentAt), isSound) : undefined;
    const units = (this.#open.get(pid) ?? 0) + 1;
    if (type === undefined && (isPictures || units < OTHER_UNITS_MAX)) this.#open.set(pid, units);
    else this.#open.delete(pid);
    if (type === undefined) return false;
    if (isSameCodec(type, this.#declared.get(pid) ?? type)) return false;
    this.#wrong.set(pid, type);
    return true;
  }

  #mendMap(packet: Buffer): void {
    const { entries, section, end } = mapIn(packet);
    const wrong = entries.filter(({ pid, type }) => (this.#wrong.get(pid) ?? type) !== type);
    for (const { pid, at } of wrong) packet[at] = this.#wrong.get(pid) ?? TYPE.private;
    if (wrong.length > 0) packet.writeUInt32BE(crc32Mpeg(packet.subarray(section, end)), end);
  }
}

/** A unit begins there, in a packet that is not damaged. */
function isUnitAt(bytes: Buffer, at: number): boolean {
  const isUnit = ((bytes[at + 1] ?? 0) & 0x40) !== 0;
  const hasAdaptation = ((bytes[at + 3] ?? 0) & 0x20) !== 0;
  const isDamaged = hasAdaptation && (bytes[at + 4] ?? 0) > PACKET_BYTES - 5;
  return isUnit && bytes[at] === SYNC && !isDamaged;
}

const pidAt = (bytes: Buffer, at: number): number => bytes.readUInt16BE(at + 1) & 0x1fff;

/** Of a map that lies in one packet, as nearly all do. @returns `end` of the section without its checksum */
function mapIn(packet: Buffer): {
  readonly entries: readonly Entry[];
  readonly section: number;
  readonly end: number;
} {
  const { payloadAt } = readPacket(packet, 0);
  const section = payloadAt + 1 + (packet[payloadAt] ?? 0);
  const none = { entries: [], section, end: section };
  if (section + 12 > PACKET_BYTES || packet[section] !== 2) return none;
  const end = section + 3 + (packet.readUInt16BE(section + 1) & 0xfff) - 4;
  if (end + 4 > PACKET_BYTES) return none;
  const entries: Entry[] = [];
  for (let at = section + 12 + (packet.readUInt16BE(section + 10) & 0xfff); at + 5 <= end; ) {
    const infoBytes = packet.readUInt16BE(at + 3) & 0xfff;
    const type = packet[at] ?? 0;
    const descriptors = packet.subarray(at + 5, Math.min(end, at + 5 + infoBytes));
    const isOpen = isTold(type) && !(type === TYPE.private && namesCodec(descriptors));
    entries.push({ pid: packet.readUInt16BE(at + 1) & 0x1fff, type, at, isOpen });
    at += 5 + infoBytes;
  }
  return { entries, section, end };
}
