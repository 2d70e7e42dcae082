import { BOX_HEADER_MAX_BYTES, boxesIn, FieldReader, findBox, readBoxHeader } from './boxes.ts';

/** How a fragmented MP4 begins. */
export interface Mp4Opening {
  /** Its ftyp and moov, where it has them: what its samples cannot be read without. */
  readonly init: Buffer | undefined;
  /** Decode times of the tracks' first samples, in milliseconds, the earliest first; undefined: not in these bytes. */
  readonly startsMs: readonly number[] | undefined;
}

/**
 * Reads boxes up to the first moof, or as far as they are whole.
 * @param known the moov, where it came before
 * @throws MediaError
 */
export function readMp4Opening(bytes: Buffer, known?: Buffer): Mp4Opening {
  const heads: Buffer[] = [];
  for (let at = 0; ; ) {
    const header = readBoxHeader(bytes.subarray(at, at + BOX_HEADER_MAX_BYTES));
    const end = at + (header?.bytes ?? 0);
    const isWhole = header !== undefined && end <= bytes.length;
    if (isWhole && (header.type === 'ftyp' || header.type === 'moov')) heads.push(bytes.subarray(at, end));
    if (!isWhole || header.type === 'moof') {
      const init = heads.length === 0 ? undefined : Buffer.concat(heads);
      const moof = isWhole ? bytes.subarray(at + header.headerBytes, end) : undefined;
      const moov = init ?? known;
      return {
        init,
        startsMs: moof === undefined || moov === undefined ? undefined : firstTimesMs(moof, timescales(moov)),
      };
    }
    at = end;
  }
}

/** Units of a second by track. */
function timescales(init: Buffer): ReadonlyMap<number, number> {
  const scales = new Map<number, number>();
  const moov = findBox(boxesIn(init), 'moov');
  for (const trak of moov === undefined ? [] : boxesIn(moov.body)) {
    if (trak.type !== 'trak') continue;
    const inside = boxesIn(trak.body);
    const tkhd = findBox(inside, 'tkhd');
    const mdia = findBox(inside, 'mdia');
    const mdhd = mdia === undefined ? undefined : findBox(boxesIn(mdia.body), 'mdhd');
    if (tkhd === undefined || mdhd === undefined) continue;
    scales.set(afterTimes(tkhd.body).u32(), afterTimes(mdhd.body).u32());
  }
  return scales;
}

/** After version, flags, and the times of creation and modification. */
function afterTimes(body: Buffer): FieldReader {
  const reader = new FieldReader(body);
  const isLong = reader.u8() === 1;
  return reader.skip(3 + (isLong ? 16 : 8));
}

function firstTimesMs(moof: Buffer, scales: ReadonlyMap<number, number>): number[] {
  const times: number[] = [];
  for (const traf of boxesIn(moof)) {
    if (traf.type !== 'traf') continue;
    const inside = boxesIn(traf.body);
    const tfhd = findBox(inside, 'tfhd');
    const tfdt = findBox(inside, 'tfdt');
    if (tfhd === undefined || tfdt === undefined) continue;
    const scale = scales.get(new FieldReader(tfhd.body).skip(4).u32());
    const reader = new FieldReader(tfdt.body);
    const isLong = reader.u8() === 1;
    reader.skip(3);
    const time = isLong ? reader.u64() : reader.u32();
    if (scale === undefined || scale === 0) continue;
    times.push((1_000 * time) / scale);
  }
  return times.sort((one, other) => one - other);
}
