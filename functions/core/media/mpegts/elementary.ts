import { nalCodec } from '../nal/changedParameterSets.ts';
import { wholeUnitsIn } from '../nal/units.ts';
import type { TrackDescription } from '../tracks/sample.ts';

const START_CODE = Buffer.from([0, 0, 0, 1]);
/** Access unit delimiters, for pictures of any kind. */
const DELIMITERS: Readonly<Record<string, Buffer>> = {
  h264: Buffer.from([0x09, 0xf0]),
  hevc: Buffer.from([0x46, 0x01, 0x50]),
};

/** A picture as a transport stream has it: with start codes, a delimiter, and its parameter sets if it is a keyframe. */
export function byteStreamOf(
  { info, configuration }: TrackDescription,
  data: Buffer,
  keyframe: boolean,
): Buffer {
  const syntax = nalCodec(info.codec);
  const delimiter = DELIMITERS[info.codec];
  if (syntax === undefined || delimiter === undefined) return data;
  const { lengthBytes, units: known } = syntax.parseConfiguration(configuration);
  const units = wholeUnitsIn(data, lengthBytes);
  const [first] = units;
  const hasDelimiter = first?.[0] === delimiter[0];
  const hasSets = units.some((unit) => syntax.kindOf(unit) === 'sps');
  const sets = keyframe && !hasSets ? known.filter((unit) => syntax.kindOf(unit) !== undefined) : [];
  const rest = hasDelimiter ? units.slice(1) : units;
  const all = [hasDelimiter ? (first as Buffer) : delimiter, ...sets, ...rest];
  return Buffer.concat(all.flatMap((unit) => [START_CODE, unit]));
}

const ADTS_BYTES = 7;

/** A frame of AAC with its ADTS header (ISO/IEC 14496-3, 1.A.2). */
export function adtsOf({ configuration }: TrackDescription, data: Buffer): Buffer {
  const [first = 0, second = 0] = configuration;
  // Objects above 4 have no number of their own there; what they add is found in the frames.
  const object = Math.min(first >> 3, 4) || 2;
  const rate = ((first & 7) << 1) | (second >> 7);
  const channels = (second >> 3) & 15;
  const length = ADTS_BYTES + data.length;
  return Buffer.concat([
    Buffer.from([
      0xff,
      0xf1,
      ((object - 1) << 6) | (rate << 2) | ((channels >> 2) & 1),
      ((channels & 3) << 6) | (length >> 11),
      (length >> 3) & 0xff,
      ((length & 7) << 5) | 0x1f,
      0xfc,
    ]),
    data,
  ]);
}
