import { PACKET_BYTES, type Packet } from './packets.ts';
import { programMapPids } from './tables.ts';

/** Stream types (ISO/IEC 13818-1, table 2-34, and ATSC's) whose streams a demuxer looks for. */
const VIDEO_TYPES: ReadonlySet<number> = new Set([0x01, 0x02, 0x10, 0x1b, 0x24, 0x33, 0x42, 0xea]);
const AUDIO_TYPES: ReadonlySet<number> = new Set([
  0x03, 0x04, 0x0f, 0x11, 0x1c, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x8a, 0xa1, 0xa2,
]);
const PRIVATE_TYPE = 0x06;
/** MPEG-2, H.264 and HEVC: a keyframe comes with what a decoder must know. */
const TYPES_WITH_PARAMETER_SETS: ReadonlySet<number> = new Set([0x02, 0x1b, 0x24]);
/** Descriptors of sound in private data: AC-3, E-AC-3, DTS, AAC (ETSI EN 300 468). */
const AUDIO_DESCRIPTORS: ReadonlySet<number> = new Set([0x6a, 0x7a, 0x7b, 0x7c]);
const REGISTRATION = 0x05;
const AUDIO_REGISTRATIONS: ReadonlySet<string> = new Set([
  'Opus',
  'AC-3',
  'EAC3',
  'DTS1',
  'DTS2',
  'DTS3',
  'BSSD',
]);
const SECTION_MAX_BYTES = 1_024;

export type StreamKind = 'video' | 'audio';

interface StreamType {
  readonly kind: StreamKind;
  readonly hasParameterSets: boolean;
  /** Another one is another codec. */
  readonly codec: string;
}

/** What a transport stream says it has: its association table and programme maps, as they came last. */
export class ProgramTable {
  readonly #maps = new Map<number, { packets: Buffer[]; streams: ReadonlyMap<number, StreamType> }>();
  #association: Buffer | undefined;

  /** @returns whether the packet is one of a table's */
  read(packet: Buffer, { pid, unitStart, payloadAt }: Packet): boolean {
    if (pid === 0) {
      if (unitStart) this.#readAssociation(packet, payloadAt);
      return true;
    }
    const map = this.#maps.get(pid);
    if (map === undefined) return false;
    if (unitStart) map.packets = [];
    if (map.packets.length * PACKET_BYTES < SECTION_MAX_BYTES + PACKET_BYTES)
      map.packets.push(Buffer.from(packet));
    const streams = streamsOf(sectionOf(map.packets));
    if (streams !== undefined) map.streams = streams;
    return true;
  }

  /** Undefined for what is no medium, or in no programme. */
  kindOf(pid: number): StreamKind | undefined {
    return this.#typeOf(pid)?.kind;
  }

  /** Whatever is the same for two streams of one codec; undefined as `kindOf`. */
  codecOf(pid: number): string | undefined {
    return this.#typeOf(pid)?.codec;
  }

  /** Pictures that can be decoded only from a keyframe on, and by whoever has seen its parameters. */
  hasParameterSets(pid: number): boolean {
    return this.#typeOf(pid)?.hasParameterSets === true;
  }

  /** What says it to whoever begins to read here. */
  get packets(): Buffer[] {
    return [
      ...(this.#association === undefined ? [] : [this.#association]),
      ...[...this.#maps.values()].flatMap(({ packets }) => packets),
    ];
  }

  /** Which media it announces. */
  get announced(): ReadonlyMap<number, StreamKind> {
    const streams = [...this.#maps.values()].flatMap((map) => [...map.streams]);
    return new Map(streams.map(([pid, { kind }]) => [pid, kind]));
  }

  #typeOf(pid: number): StreamType | undefined {
    for (const { streams } of this.#maps.values()) {
      const type = streams.get(pid);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  #readAssociation(packet: Buffer, payloadAt: number): void {
    const listed = programMapPids(packet, payloadAt);
    if (listed === undefined) return;
    this.#association = Buffer.from(packet);
    for (const pid of this.#maps.keys()) if (!listed.has(pid)) this.#maps.delete(pid);
    for (const pid of listed)
      if (!this.#maps.has(pid)) this.#maps.set(pid, { packets: [], streams: new Map() });
  }
}

/** A section, which may lie in several packets; undefined while it is not whole. */
function sectionOf(packets: readonly Buffer[]): Buffer | undefined {
  const [first, ...others] = packets.map((packet) => packet.subarray(payloadOf(packet)));
  if (first === undefined) return undefined;
  const bytes = Buffer.concat([first.subarray(1 + (first[0] ?? 0)), ...others]);
  if (bytes.length < 3) return undefined;
  const end = 3 + (bytes.readUInt16BE(1) & 0xfff);
  return bytes.length < end ? undefined : bytes.subarray(0, end);
}

const payloadOf = (packet: Buffer): number =>
  ((packet[3] ?? 0) & 0x20) === 0 ? 4 : Math.min(PACKET_BYTES, 5 + (packet[4] ?? 0));

function streamsOf(section: Buffer | undefined): ReadonlyMap<number, StreamType> | undefined {
  if (section === undefined || section.length < 16 || section[0] !== 2) return undefined;
  const streams = new Map<number, StreamType>();
  const end = section.length - 4;
  for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at + 5 <= end; ) {
    const infoBytes = section.readUInt16BE(at + 3) & 0xfff;
    const type = section[at] ?? 0;
    const stream = streamOf(type, section.subarray(at + 5, Math.min(end, at + 5 + infoBytes)));
    if (stream !== undefined) streams.set(section.readUInt16BE(at + 1) & 0x1fff, stream);
    at += 5 + infoBytes;
  }
  return streams;
}

function streamOf(type: number, descriptors: Buffer): StreamType | undefined {
  const hasParameterSets = TYPES_WITH_PARAMETER_SETS.has(type);
  if (VIDEO_TYPES.has(type)) return { kind: 'video', hasParameterSets, codec: String(type) };
  const isSound = AUDIO_TYPES.has(type) && !isSplice(type, descriptors);
  const codec = isSound ? String(type) : type === PRIVATE_TYPE ? privateSoundOf(descriptors) : undefined;
  return codec === undefined ? undefined : { kind: 'audio', hasParameterSets, codec };
}

/** Of teletext and subtitles of DVB, in private data. */
const TEXT_DESCRIPTORS: ReadonlySet<number> = new Set([0x45, 0x46, 0x56, 0x59]);

/** Whether the descriptors of private data say what it is. */
export function namesCodec(descriptors: Buffer): boolean {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    const tag = descriptors[at] ?? 0;
    if (tag === REGISTRATION || AUDIO_DESCRIPTORS.has(tag) || TEXT_DESCRIPTORS.has(tag)) return true;
  }
  return false;
}

/** What the descriptors of private data call its sound; undefined for what is none. */
function privateSoundOf(descriptors: Buffer): string | undefined {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    const tag = descriptors[at] ?? 0;
    const name = descriptors.toString('latin1', at + 2, at + 6);
    if (AUDIO_DESCRIPTORS.has(tag)) return `${PRIVATE_TYPE} ${tag}`;
    if (tag === REGISTRATION && AUDIO_REGISTRATIONS.has(name)) return `${PRIVATE_TYPE} ${name}`;
  }
  return undefined;
}

/** 0x86 is DTS-HD, and SCTE-35's cues as well, which are no PES. */
const isSplice = (type: number, descriptors: Buffer): boolean =>
  type === 0x86 && !descriptors.includes('DTS');
