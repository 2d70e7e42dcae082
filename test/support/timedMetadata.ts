import { checked } from '../../functions/core/media/mpegts/tableWriter.ts';

const PACKET_BYTES = 188;
const TICKS_PER_MS = 90;
const TIME_MODULUS = 2 ** 33;
const PERIOD_MS = TIME_MODULUS / TICKS_PER_MS;
/** Of a stream of splice commands: sections, no PES. Its programme has to say so, too. */
const SPLICES = 0x86;

/** A PES packet of pictures begins with it. */
const PICTURES = 0x1e0;

/** What is put beside pictures and sound of a transport stream, and when. */
export interface MetadataStream {
  readonly pid: number;
  /** Of the programme map: 0x86 splices (SCTE-35), 0x15 metadata in PES, 0x06 private data. */
  readonly type: number;
  readonly descriptors: Buffer;
  readonly items: readonly { readonly atMs: number; readonly data: Buffer }[];
}

const registration = (name: string): Buffer => Buffer.concat([Buffer.from([5, 4]), Buffer.from(name)]);
/** Apple's for ID3: format `ID3 ` both ways, service 0. */
const ID3_METADATA = Buffer.concat([
  ...[Buffer.from([0x26, 13, 0xff, 0xff]), Buffer.from('ID3 '), Buffer.from([0xff])],
  ...[Buffer.from('ID3 '), Buffer.from([0, 0x0f])],
]);

export const splices = (items: MetadataStream['items']): MetadataStream => ({
  ...{ pid: 0x1f0, type: SPLICES, descriptors: registration('CUEI'), items },
});
export const id3s = (items: MetadataStream['items']): MetadataStream => ({
  ...{ pid: 0x1f1, type: 0x15, descriptors: ID3_METADATA, items },
});
export const klvs = (items: MetadataStream['items']): MetadataStream => ({
  ...{ pid: 0x1f2, type: 0x06, descriptors: registration('KLVA'), items },
});

/** German subtitles, on pages 2 and 3. */
export const dvbSubtitles = (items: MetadataStream['items']): MetadataStream => ({
  ...{ pid: 0x1f3, type: 0x06, items },
  descriptors: Buffer.from([0x59, 8, ...Buffer.from('deu'), 0x10, 0, 2, 0, 3]),
});
/** French teletext subtitles, on page 888. */
export const teletext = (items: MetadataStream['items']): MetadataStream => ({
  ...{ pid: 0x1f4, type: 0x06, items },
  descriptors: Buffer.from([0x56, 5, ...Buffer.from('fra'), 0x10, 0x88]),
});

/** Segments that say which page it is, and that it ends (ETSI EN 300 743, 7.2). */
export const SUBTITLE: Buffer = Buffer.from('20000f10000200021e000f8000020000ff', 'hex');
/** Three lines, the first one without a word (ETSI EN 300 472, 4.3). */
export const TELETEXT: Buffer = Buffer.concat([
  Buffer.from([0x10]),
  ...[0xff, 0x03, 0x03].map((unit) => Buffer.concat([Buffer.from([unit, 0x2c]), Buffer.alloc(44, 0x15)])),
]);

/** A splice_insert out of the programme (SCTE 35, 9.7.3) at a time of the stream's own clock. */
export function spliceInsert(eventId: number, atMs: number): Buffer {
  const ptsTicks = Math.round(atMs * TICKS_PER_MS) % TIME_MODULUS;
  const command = Buffer.alloc(20);
  command.writeUInt32BE(eventId, 0);
  command[4] = 0x7f;
  // Out of network, whole programme, with a duration.
  command[5] = 0xef;
  command[6] = 0xfe | (ptsTicks >= 2 ** 32 ? 1 : 0);
  command.writeUInt32BE(ptsTicks % 2 ** 32, 7);
  command[11] = 0xfe;
  command.writeUInt32BE(30_000 * TICKS_PER_MS, 12);
  command.writeUInt16BE(1, 16);
  const body = Buffer.concat([
    Buffer.from([0xfc, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, command.length, 5]),
    command,
    Buffer.from([0, 0]),
  ]);
  body.writeUInt16BE(0x3000 | (body.length - 3 + 4), 1);
  return checked(body);
}

/** An ID3v2.4 tag with one text. */
export function id3(text: string): Buffer {
  const frame = Buffer.concat([Buffer.from([3]), Buffer.from(text), Buffer.from([0])]);
  const head = Buffer.from([...Buffer.from('TIT2'), 0, 0, 0, frame.length, 0, 0]);
  return Buffer.concat([
    Buffer.from('ID3'),
    Buffer.from([4, 0, 0, 0, 0, 0, head.length + frame.length]),
    head,
    frame,
  ]);
}

/**
 * A transport stream of ffmpeg's with further streams in its programme, each item in front of the first packet that has
 * the time. Times are those of the stream itself.
 */
export function withMetadata(ts: Buffer, streams: readonly MetadataStream[], mapPid = 0x1000): Buffer {
  const out: Buffer[] = [];
  const counters = new Map<number, number>();
  let clockMs: number | undefined;
  const left = streams.map((stream) => ({ stream, items: [...stream.items] }));
  for (let at = 0; at + PACKET_BYTES <= ts.length; at += PACKET_BYTES) {
    const packet = Buffer.from(ts.subarray(at, at + PACKET_BYTES));
    const pid = packet.readUInt16BE(1) & 0x1fff;
    if (pid === mapPid) out.push(mapWith(packet, streams));
    else {
      const readMs = pcrMs(packet);
      // They begin again once a day.
      if (readMs !== undefined)
        clockMs = readMs + Math.round(((clockMs ?? readMs) - readMs) / PERIOD_MS) * PERIOD_MS;
      for (const { stream, items } of left)
        while (items[0] !== undefined && clockMs !== undefined && clockMs >= items[0].atMs)
          out.push(...packetsOf(stream, items.shift() as MetadataStream['items'][number], counters));
      out.push(packet);
    }
  }
  return Buffer.concat(out);
}

function mapWith(packet: Buffer, streams: readonly MetadataStream[]): Buffer {
  const length = packet.readUInt16BE(6) & 0xfff;
  const program = streams.some(({ type }) => type === SPLICES) ? registration('CUEI') : Buffer.alloc(0);
  const infoBytes = packet.readUInt16BE(15) & 0xfff;
  const old = Buffer.concat([
    packet.subarray(5, 17 + infoBytes),
    program,
    packet.subarray(17 + infoBytes, 5 + 3 + length - 4),
  ]);
  old.writeUInt16BE(0xf000 | (infoBytes + program.length), 10);
  const entries = streams.map(({ pid, type, descriptors }) =>
    Buffer.concat([
      Buffer.from([type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length]),
      descriptors,
    ]),
  );
  const content = Buffer.concat([old, ...entries]);
  content.writeUInt16BE(0xb000 | (content.length - 3 + 4), 1);
  const section = checked(content);
  const map = Buffer.alloc(PACKET_BYTES, 0xff);
  packet.copy(map, 0, 0, 5);
  section.copy(map, 5);
  return map;
}

function pcrMs(packet: Buffer): number | undefined {
  const hasPcr =
    ((packet[3] as number) & 0x20) !== 0 &&
    (packet[4] as number) >= 7 &&
    ((packet[5] as number) & 0x10) !== 0;
  return hasPcr ? (packet.readUInt32BE(6) * 2) / TICKS_PER_MS : undefined;
}

function packetsOf(
  { pid, type }: MetadataStream,
  { atMs, data }: MetadataStream['items'][number],
  counters: Map<number, number>,
): Buffer[] {
  const payload =
    type === SPLICES
      ? Buffer.concat([Buffer.from([0]), data])
      : pes((atMs * TICKS_PER_MS) % TIME_MODULUS, data);
  const packets: Buffer[] = [];
  for (let at = 0; at < payload.length; ) {
    const counter = counters.get(pid) ?? 0;
    counters.set(pid, (counter + 1) & 15);
    const packet = Buffer.alloc(PACKET_BYTES, 0xff);
    const taken = Math.min(PACKET_BYTES - 4, payload.length - at);
    const spare = PACKET_BYTES - 4 - taken;
    const isStuffed = type !== SPLICES && spare > 0;
    packet.set([0x47, (at === 0 ? 0x40 : 0) | (pid >> 8), pid & 0xff, (isStuffed ? 0x30 : 0x10) | counter]);
    if (isStuffed) packet[4] = spare - 1;
    if (isStuffed && spare > 1) packet[5] = 0;
    payload.copy(packet, isStuffed ? 4 + spare : 4, at, at + taken);
    packets.push(packet);
    at += taken;
  }
  return packets;
}

/** A PES packet of private data (0xbd) with its time. */
function pes(ptsTicks: number, data: Buffer): Buffer {
  const head = Buffer.from([0, 0, 1, 0xbd, 0, 0, 0x84, 0x80, 5, 0x21, 0, 1, 0, 1]);
  head.writeUInt16BE(8 + data.length, 4);
  head[9] = 0x21 | (Math.floor(ptsTicks / 2 ** 30) << 1);
  head.writeUInt16BE(((Math.floor(ptsTicks / 2 ** 15) % 2 ** 15) << 1) | 1, 10);
  head.writeUInt16BE(((ptsTicks % 2 ** 15) << 1) | 1, 12);
  return Buffer.concat([head, data]);
}

/** Of one stream. */
export function packetsOfPid(ts: Buffer, pid: number): Buffer[] {
  const packets = Array.from({ length: ts.length / PACKET_BYTES }, (_, i) =>
    ts.subarray(i * PACKET_BYTES, (i + 1) * PACKET_BYTES),
  );
  return packets.filter((packet) => (packet.readUInt16BE(1) & 0x1fff) === pid);
}

interface FoundMetadata {
  /** When pictures are shown. */
  readonly picturesMs: number[];
  readonly id3: { readonly atMs: number; readonly data: Buffer }[];
  readonly klv: { readonly atMs: number; readonly data: Buffer }[];
  readonly dvbSubtitles: { readonly atMs: number; readonly data: Buffer }[];
  readonly teletext: { readonly atMs: number; readonly data: Buffer }[];
  readonly splices: { readonly eventId: number; readonly spliceMs: number }[];
  /** What the programme map says of each of these, in hexadecimal. */
  readonly descriptors: Partial<Record<MetadataKind, string>>;
}

type MetadataKind = Exclude<keyof FoundMetadata, 'picturesMs' | 'descriptors'>;

/** What a record of MPEG-TS has, by what its programme map says; each item in one packet, as those of these tests are. */
export function metadataIn(ts: Buffer): FoundMetadata {
  const found: FoundMetadata = {
    ...{ picturesMs: [], id3: [], klv: [], dvbSubtitles: [], teletext: [], splices: [] },
    descriptors: {},
  };
  const kinds = new Map<number, MetadataKind>();
  for (let at = 0; at + PACKET_BYTES <= ts.length; at += PACKET_BYTES) {
    const packet = ts.subarray(at, at + PACKET_BYTES);
    const isFirst = ((packet[1] as number) & 0x40) !== 0;
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const payload = packet.subarray(((packet[3] as number) & 0x20) === 0 ? 4 : 5 + (packet[4] as number));
    if (pid === 0x1000) readMap(payload.subarray(1), kinds, found.descriptors);
    if (isFirst && payload.readUInt32BE(0) === PICTURES)
      found.picturesMs.push(timeAt(payload, 9) / TICKS_PER_MS);
    const kind = kinds.get(pid);
    if (kind === undefined || !isFirst) continue;
    if (kind === 'splices') found.splices.push(spliceOf(payload.subarray(1)));
    else {
      const headBytes = 9 + (payload[8] as number);
      const data = payload.subarray(headBytes, 6 + payload.readUInt16BE(4));
      found[kind].push({ atMs: timeAt(payload, 9) / TICKS_PER_MS, data });
    }
  }
  return found;
}

function readMap(
  section: Buffer,
  kinds: Map<number, MetadataKind>,
  descriptors: Partial<Record<MetadataKind, string>>,
): void {
  const end = 3 + (section.readUInt16BE(1) & 0xfff) - 4;
  for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at < end; ) {
    const infoBytes = section.readUInt16BE(at + 3) & 0xfff;
    const said = section.subarray(at + 5, at + 5 + infoBytes);
    const kind = kindOf(said);
    if (kind !== undefined) {
      kinds.set(section.readUInt16BE(at + 1) & 0x1fff, kind);
      descriptors[kind] = said.toString('hex');
    }
    at += 5 + infoBytes;
  }
}

function kindOf(said: Buffer): MetadataKind | undefined {
  if (said[0] === 0x59) return 'dvbSubtitles';
  if (said[0] === 0x56) return 'teletext';
  if (said.includes('CUEI')) return 'splices';
  if (said.includes('ID3 ')) return 'id3';
  return said.includes('KLVA') ? 'klv' : undefined;
}

function spliceOf(section: Buffer): FoundMetadata['splices'][number] {
  const read33 = (at: number): number =>
    ((section[at] as number) & 1) * 2 ** 32 + section.readUInt32BE(at + 1);
  const ticks = (read33(4) + read33(14 + 6)) % 2 ** 33;
  return { eventId: section.readUInt32BE(14), spliceMs: ticks / TICKS_PER_MS };
}

const timeAt = (bytes: Buffer, at: number): number =>
  (((bytes[at] as number) >> 1) & 7) * 2 ** 30 +
  (bytes.readUInt16BE(at + 1) >> 1) * 2 ** 15 +
  (bytes.readUInt16BE(at + 3) >> 1);
