import { PACKET_BYTES, TICKS_PER_MS } from '../media/mpegts/packets.ts';

/** What a segment is, by its content: its name and its server's word for it say nothing. */
export type SegmentKind = 'ts' | 'fmp4' | 'aac' | 'mp3' | 'ac3' | 'eac3';

export interface SegmentStart {
  readonly kind: SegmentKind;
  /** Where the media begin: after tags, or what was put in front of them. */
  readonly at: number;
  /** Of packed audio, which has no times of its own: what its ID3 tag says, in milliseconds. */
  readonly tagMs: number | undefined;
}

/** As much as is looked through for a transport stream that something was put in front of. */
export const HIDDEN_MAX_BYTES = 64 * 1024;
const SYNC = 0x47;
const SYNCS = 3;
const BOXES: ReadonlySet<string> = new Set([
  ...['ftyp', 'styp', 'moov', 'moof', 'sidx', 'ssix', 'emsg', 'prft', 'free', 'skip', 'mdat', 'uuid'],
]);
/** Known by more than two bytes. */
const SURE: ReadonlySet<SegmentKind> = new Set(['ts', 'fmp4']);
const TIMESTAMP_OWNER = 'com.apple.streaming.transportStreamTimestamp\0';
const ID3_HEADER_BYTES = 10;

/** @param head the segment's first bytes; undefined: it is nothing that is known here */
export function readSegmentStart(head: Buffer): SegmentStart | undefined {
  let at = 0;
  let tagMs: number | undefined;
  for (let bytes = id3Bytes(head, at); bytes > 0; bytes = id3Bytes(head, at)) {
    tagMs ??= timestampIn(head.subarray(at, at + bytes));
    at += bytes;
  }
  const kind = kindAt(head, at);
  const hidden = firstPacket(head);
  // The end of a packet that was cut may look like a frame of sound.
  const isCut = at === 0 && !SURE.has(kind ?? 'ts') && hidden > 0 && hidden < PACKET_BYTES;
  if (kind !== undefined && !isCut) return { kind, at, tagMs };
  return hidden < 0 ? undefined : { kind: 'ts', at: hidden, tagMs: undefined };
}

/** Segments of fragmented MP4, and init sections, begin with one of these. */
export const isBox = (head: Buffer, at: number): boolean =>
  BOXES.has(head.toString('latin1', at + 4, at + 8));

function kindAt(head: Buffer, at: number): SegmentKind | undefined {
  if (at + 8 > head.length) return undefined;
  if (isPacket(head, at)) return 'ts';
  if (isBox(head, at)) return 'fmp4';
  const word = head.readUInt16BE(at);
  if (word === 0x0b77) return (head[at + 5] as number) >> 3 > 10 ? 'eac3' : 'ac3';
  // ADTS has layer 0, which MPEG audio has not.
  if ((word & 0xfff6) === 0xfff0) return 'aac';
  return (word & 0xffe0) === 0xffe0 && (word & 0x6) !== 0 ? 'mp3' : undefined;
}

/** A tag's length with its header; 0: there is none. */
function id3Bytes(head: Buffer, at: number): number {
  if (at + ID3_HEADER_BYTES > head.length || head.toString('latin1', at, at + 3) !== 'ID3') return 0;
  return ID3_HEADER_BYTES + syncSafe(head, at + 6);
}

/** Seven bits of each of four bytes. */
function syncSafe(bytes: Buffer, at: number): number {
  return [0, 1, 2, 3].reduce((sum, i) => sum * 128 + ((bytes[at + i] as number) & 0x7f), 0);
}

function timestampIn(tag: Buffer): number | undefined {
  const owner = tag.indexOf(TIMESTAMP_OWNER, 0, 'latin1');
  const at = owner + TIMESTAMP_OWNER.length;
  if (owner < 0 || at + 8 > tag.length) return undefined;
  return Number(tag.readBigUInt64BE(at) & 0x1_ffff_ffffn) / TICKS_PER_MS;
}

function isPacket(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < SYNCS; i++) {
    const sync = at + i * PACKET_BYTES;
    if (sync >= bytes.length) return i > 0;
    if (bytes[sync] !== SYNC) return false;
  }
  return true;
}

function firstPacket(head: Buffer): number {
  const end = Math.min(head.length, HIDDEN_MAX_BYTES);
  for (
    let at = head.indexOf(SYNC);
    at >= 0 && at + SYNCS * PACKET_BYTES <= end;
    at = head.indexOf(SYNC, at + 1)
  ) {
    if (isPacket(head, at)) return at;
  }
  return -1;
}
