import { BOX_HEADER_MAX_BYTES, boxesIn, FieldReader, findBox, readBoxHeader } from './boxes.ts';

/** How a fragmented MP4 begins. */
export interface Mp4Opening {
  /** Its ftyp and moov, where it has them: what its samples cannot be read without. */
  readonly init: Buffer | undefined;
  /** Decode times of the first samples in its first fragment, by track, in ms, the earliest first; undefined: not in these bytes. */
  readonly startsMs: readonly number[] | undefined;
  /** Ids of its tracks of pictures of which something is in these bytes: how long after the first of all, in ms. */
  readonly begun: ReadonlyMap<number, number>;
  /** Nothing is missing of all this. */
  readonly isWhole: boolean;
}

export interface DeclaredTrack {
  /** Units of a second. */
  readonly timescale: number;
  readonly isPictures: boolean;
}

/** Times that are further apart are of two clocks, and say nothing of what comes first. */
export const OTHER_CLOCK_MS = 60_000;

/**
 * Reads boxes up to the first moof that has pictures, where those are declared, or as far as they are whole.
 * @param known the moov, where it came before
 * @throws MediaError
 */
export function readMp4Opening(bytes: Buffer, known?: Buffer): Mp4Opening {
  const heads: Buffer[] = [];
  const begun = new Map<number, number>();
  let tracks: ReadonlyMap<number, DeclaredTrack> | undefined;
  let startsMs: readonly number[] | undefined;
  let isWhole: boolean = false;
  for (let at = 0; !isWhole; ) {
    const header = readBoxHeader(bytes.subarray(at, at + BOX_HEADER_MAX_BYTES));
    const end = at + (header?.bytes ?? 0);
    if (header === undefined || end > bytes.length) break;
    if (header.type === 'ftyp' || header.type === 'moov') heads.push(bytes.subarray(at, end));
    if (header.type === 'moof') {
      const moov = heads.length === 0 ? known : Buffer.concat(heads);
      if (moov === undefined) break;
      tracks ??= declaredTracks(moov);
      const starts = firstTimesMs(bytes.subarray(at + header.headerBytes, end), tracks);
      startsMs ??= [...starts.values()].sort((one, other) => one - other);
      const [firstMs] = startsMs;
      for (const [id, startMs] of starts) {
        const afterMs = startMs - (firstMs ?? startMs);
        if (tracks.get(id)?.isPictures === true && !begun.has(id))
          begun.set(id, afterMs < 0 || afterMs > OTHER_CLOCK_MS ? 0 : afterMs);
      }
      isWhole =
        firstMs !== undefined && [...tracks].every(([id, { isPictures }]) => !isPictures || begun.has(id));
    }
    at = end;
  }
  return { init: heads.length === 0 ? undefined : Buffer.concat(heads), startsMs, begun, isWhole };
}

/** By id. @throws MediaError */
export function declaredTracks(init: Buffer): ReadonlyMap<number, DeclaredTrack> {
  const tracks = new Map<number, DeclaredTrack>();
  const moov = findBox(boxesIn(init), 'moov');
  for (const trak of moov === undefined ? [] : boxesIn(moov.body)) {
    if (trak.type !== 'trak') continue;
    const inside = boxesIn(trak.body);
    const tkhd = findBox(inside, 'tkhd');
    const mdia = findBox(inside, 'mdia');
    const inMedia = mdia === undefined ? [] : boxesIn(mdia.body);
    const mdhd = findBox(inMedia, 'mdhd');
    const hdlr = findBox(inMedia, 'hdlr');
    if (tkhd === undefined || mdhd === undefined) continue;
    tracks.set(afterTimes(tkhd.body).u32(), {
      timescale: afterTimes(mdhd.body).u32(),
      isPictures: hdlr?.body.toString('latin1', 8, 12) === 'vide',
    });
  }
  return tracks;
}

/** After version, flags, and the times of creation and modification. */
function afterTimes(body: Buffer): FieldReader {
  const reader = new FieldReader(body);
  const isLong = reader.u8() === 1;
  return reader.skip(3 + (isLong ? 16 : 8));
}

/** By track, in ms. */
function firstTimesMs(moof: Buffer, tracks: ReadonlyMap<number, DeclaredTrack>): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const traf of boxesIn(moof)) {
    if (traf.type !== 'traf') continue;
    const inside = boxesIn(traf.body);
    const tfhd = findBox(inside, 'tfhd');
    const tfdt = findBox(inside, 'tfdt');
    if (tfhd === undefined || tfdt === undefined) continue;
    const id = new FieldReader(tfhd.body).skip(4).u32();
    const timescale = tracks.get(id)?.timescale ?? 0;
    const reader = new FieldReader(tfdt.body);
    const isLong = reader.u8() === 1;
    reader.skip(3);
    const time = isLong ? reader.u64() : reader.u32();
    if (timescale !== 0 && !times.has(id)) times.set(id, (1_000 * time) / timescale);
  }
  return times;
}
