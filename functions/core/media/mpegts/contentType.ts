/** Stream types (ISO/IEC 13818-1, table 2-34, and ATSC's) that content tells apart. */
export const TYPE = {
  mpeg2: 0x02,
  mp3: 0x03,
  private: 0x06,
  aac: 0x0f,
  latm: 0x11,
  h264: 0x1b,
  hevc: 0x24,
  ac3: 0x81,
  eac3: 0x87,
} as const;

/** Types of the same codec. */
const ALIKE: Readonly<Record<number, number>> = { 1: TYPE.mpeg2, 4: TYPE.mp3, [TYPE.eac3]: TYPE.ac3 };
const TOLD: ReadonlySet<number> = new Set(Object.values(TYPE));
const familyOf = (type: number): number => ALIKE[type] ?? type;

/** Whether what a stream is can be told from what it holds. */
export const isTold = (type: number): boolean => TOLD.has(familyOf(type));
export const isSameCodec = (type: number, other: number): boolean => familyOf(type) === familyOf(other);

const START_CODE = Buffer.from([0, 0, 1]);
const MPEG2_SEQUENCE = 0xb3;
const H264_DELIMITER = 9;
/** What `profile_idc` may be. */
const H264_PROFILES: ReadonlySet<number> = new Set([44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 244]);
const H264_SETS: ReadonlySet<number> = new Set([0x27, 0x47, 0x67]);
/** Parameter sets, a delimiter and what is said of pictures, each behind it the second byte of HEVC's headers. */
const HEVC_UNITS: ReadonlySet<number> = new Set([0x40, 0x42, 0x44, 0x46, 0x4e]);
const ADTS_RATES = 13;
const EAC3_IDS_MIN = 11;
const AC3_IDS_MAX = 16;

/** What a PES packet holds whose content begins so, where that can be nothing else. @param isSound as it says itself */
export function contentType(payload: Buffer, isSound: boolean): number | undefined {
  const at = isSound ? -1 : payload.indexOf(START_CODE);
  return at >= 0 && at < 2 ? pictureType(payload, at + START_CODE.length) : soundType(payload);
}

/** By the first unit: those of H.264 are none of HEVC's, whose headers have two bytes. */
function pictureType(bytes: Buffer, at: number): number | undefined {
  const [head = 0, next = 0] = bytes.subarray(at);
  if (head === MPEG2_SEQUENCE) return TYPE.mpeg2;
  if (head === H264_DELIMITER && (next & 0x1f) === 0x10) return TYPE.h264;
  if (H264_SETS.has(head) && H264_PROFILES.has(next)) return TYPE.h264;
  return HEVC_UNITS.has(head) && next === 1 ? TYPE.hevc : undefined;
}

/** Frames of MPEG's layers and of LATM say too little: within others bytes look the same now and then. */
function soundType(bytes: Buffer): number | undefined {
  if (bytes.length < 7) return undefined;
  const word = bytes.readUInt16BE(0);
  const third = bytes[2] ?? 0;
  if (word === 0x0b77) {
    const id = (bytes[5] ?? 0) >> 3;
    if (id > AC3_IDS_MAX) return undefined;
    return id < EAC3_IDS_MIN ? TYPE.ac3 : TYPE.eac3;
  }
  const hasAdtsRate = ((third >> 2) & 15) < ADTS_RATES;
  return (word & 0xfff6) === 0xfff0 && hasAdtsRate ? TYPE.aac : undefined;
}
