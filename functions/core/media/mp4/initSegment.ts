import { MediaError, type TrackInfo } from '../types.ts';
import { type Box, boxesIn, FieldReader, findBox, needBox } from './boxes.ts';

/** Defaults of a track's samples in movie fragments (trex). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

export interface Track {
  readonly id: number;
  readonly info: TrackInfo;
  /** Units of the track's times in a second. */
  readonly timescale: number;
  /** Where the track's decode time 0 lies on the presentation timeline, by its edit list, in seconds. */
  readonly shiftSeconds: number;
  readonly defaults: SampleDefaults;
  /** The trak box, taken apart: what a moov of ours is made of again. */
  readonly boxes: {
    readonly tkhd: Buffer;
    readonly mdhd: Buffer;
    readonly hdlr: Buffer;
    /** vmhd or smhd, and dinf. */
    readonly mediaInformation: readonly Buffer[];
    readonly stsd: Buffer;
  };
}

export interface InitSegment {
  readonly ftyp: Buffer;
  readonly mvhd: Buffer;
  readonly tracks: readonly Track[];
  /** Boxes of the moov that are kept as they are (udta). */
  readonly others: readonly Buffer[];
}

/** @param ftyp whole box; @param moov whole box. @throws MediaError */
export function parseInitSegment(ftyp: Buffer, moov: Buffer): InitSegment {
  const boxes = boxesIn(moov, 8);
  const mvhd = needBox(boxes, 'mvhd');
  const movieTimescale = timescaleOf(mvhd);
  const defaults = sampleDefaults(findBox(boxes, 'mvex'));
  const tracks = boxes
    .filter((one) => one.type === 'trak')
    .map((one) => parseTrack(one, movieTimescale, defaults))
    .filter((track) => track !== undefined);
  if (tracks.length === 0) throw new MediaError('the movie has neither video nor audio');
  const others = boxes.filter((one) => one.type === 'udta').map((one) => one.bytes);
  return { ftyp, mvhd: mvhd.bytes, tracks, others };
}

function sampleDefaults(mvex: Box | undefined): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const { type, body } of mvex === undefined ? [] : boxesIn(mvex.body)) {
    if (type !== 'trex') continue;
    const fields = new FieldReader(body, 4);
    const id = fields.u32();
    fields.skip(4);
    defaults.set(id, { duration: fields.u32(), size: fields.u32(), flags: fields.u32() });
  }
  return defaults;
}

/** mvhd and mdhd begin alike. */
function timescaleOf({ body }: Box): number {
  const fields = new FieldReader(body);
  fields.skip(fields.u8() === 1 ? 3 + 16 : 3 + 8);
  const timescale = fields.u32();
  if (timescale === 0) throw new MediaError('a timescale is 0');
  return timescale;
}

/** Undefined for a track that is neither video nor audio (a hint or metadata track). */
function parseTrack(
  trak: Box,
  movieTimescale: number,
  defaults: ReadonlyMap<number, SampleDefaults>,
): Track | undefined {
  const boxes = boxesIn(trak.body);
  const tkhd = needBox(boxes, 'tkhd');
  const mdia = boxesIn(needBox(boxes, 'mdia').body);
  const mdhd = needBox(mdia, 'mdhd');
  const hdlr = needBox(mdia, 'hdlr');
  const minf = boxesIn(needBox(mdia, 'minf').body);
  const stsd = needBox(boxesIn(needBox(minf, 'stbl').body), 'stsd');
  const handler = hdlr.body.toString('latin1', 8, 12);
  if (handler !== 'vide' && handler !== 'soun') return undefined;
  const idFields = new FieldReader(tkhd.body);
  const id = idFields.skip(idFields.u8() === 1 ? 3 + 16 : 3 + 8).u32();
  const timescale = timescaleOf(mdhd);
  return {
    id,
    info: trackInfo(handler, stsd),
    timescale,
    shiftSeconds: editShift(findBox(boxes, 'edts'), movieTimescale, timescale),
    defaults: defaults.get(id) ?? { duration: 0, size: 0, flags: 0 },
    boxes: {
      tkhd: tkhd.bytes,
      mdhd: mdhd.bytes,
      hdlr: hdlr.bytes,
      mediaInformation: minf.filter((one) => one.type !== 'stbl').map((one) => one.bytes),
      stsd: stsd.bytes,
    },
  };
}

/** Empty edits move a track to later, the media time of the first real edit to earlier. */
function editShift(edts: Box | undefined, movieTimescale: number, timescale: number): number {
  const elst = edts === undefined ? undefined : findBox(boxesIn(edts.body), 'elst');
  if (elst === undefined) return 0;
  const fields = new FieldReader(elst.body);
  const wide = fields.u8() === 1;
  const entries = fields.skip(3).u32();
  let seconds = 0;
  for (let entry = 0; entry < entries; entry++) {
    const duration = wide ? fields.u64() : fields.u32();
    const mediaTime = wide ? fields.i64() : fields.i32();
    fields.skip(4);
    if (mediaTime !== -1) return seconds - mediaTime / timescale;
    seconds += duration / movieTimescale;
  }
  return seconds;
}

const CODECS: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  av01: 'av1',
  vp08: 'vp8',
  vp09: 'vp9',
  mp4v: 'mpeg4',
  mp4a: 'aac',
  Opus: 'opus',
  fLaC: 'flac',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  '.mp3': 'mp3',
};

function trackInfo(handler: 'vide' | 'soun', stsd: Box): TrackInfo {
  const entry = boxesIn(stsd.body, 8)[0];
  if (entry === undefined) throw new MediaError('a track has no sample description');
  const fields = new FieldReader(entry.body);
  const codec = CODECS[entry.type] ?? entry.type.trim().toLowerCase();
  if (handler === 'vide') {
    fields.skip(24);
    return { kind: 'video', codec, width: fields.u16(), height: fields.u16() };
  }
  const channels = fields.skip(16).u16();
  const sampleRateHz = fields.skip(6).u32() >>> 16;
  return { kind: 'audio', codec: isMp3(entry) ? 'mp3' : codec, sampleRateHz, channels };
}

const MP3_OBJECT_TYPES: readonly number[] = [0x69, 0x6b];

/** MP3 in an mp4a entry: the object type in the esds box's DecoderConfigDescriptor (tag 4, ISO/IEC 14496-1). */
function isMp3(entry: Box): boolean {
  if (entry.type !== 'mp4a' || entry.body.length <= 28) return false;
  const esds = findBox(boxesIn(entry.body, 28), 'esds');
  const at = esds?.body.indexOf(4, 4 + 3) ?? -1;
  if (esds === undefined || at === -1) return false;
  // The descriptor's length may be written with leading 0x80 bytes.
  let type = at + 1;
  while (esds.body[type] === 0x80) type += 1;
  return MP3_OBJECT_TYPES.includes(esds.body[type + 1] ?? 0);
}
