import { ifReadable } from '../ifReadable.ts';
import type { NalCodec } from './codec.ts';
import { h264 } from './h264.ts';
import { hevc } from './hevc.ts';
import { unitsIn, withoutTrailingZeros } from './units.ts';

/** What a container says of a video, as far as it follows from the parameter sets. */
export interface VideoParameters {
  /** The configuration record: avcC or hvcC. */
  readonly record: Buffer;
  readonly width: number;
  readonly height: number;
}

const CODECS: Readonly<Record<string, NalCodec>> = { h264, hevc };

/** Of a codec whose parameter sets may come with its samples, as ffprobe names it; undefined for others. */
export const nalCodec = (codec: string): NalCodec | undefined => CODECS[codec];

/**
 * Whether a keyframe's sample brings another sequence parameter set than its track's record has: in MPEG-TS, RTSP and
 * HLS a source that changes its resolution says so there, and nowhere else.
 * @param codec of a track, as ffprobe names it
 * @param record the track's configuration record
 * @returns the parameters from this sample on; undefined when those of the record go on. The same sets again are no
 *   change, nor are other picture parameter sets. What cannot be read is no change either: the recording goes on
 */
export function changedParameters(
  codec: string,
  record: Buffer,
  sample: Buffer,
): VideoParameters | undefined {
  const syntax = CODECS[codec];
  return syntax === undefined ? undefined : ifReadable(() => changeOf(syntax, record, sample));
}

function changeOf(syntax: NalCodec, record: Buffer, sample: Buffer): VideoParameters | undefined {
  const configuration = syntax.parseConfiguration(record);
  const sets: Buffer[] = [];
  let slice: Buffer | undefined;
  for (const unit of unitsIn(sample, configuration.lengthBytes)) {
    const kind = syntax.kindOf(unit);
    if (kind === 'slice') {
      // Sets come before the picture that they are for.
      slice = unit;
      break;
    }
    if (kind !== undefined) sets.push(withoutTrailingZeros(unit));
  }
  const sent = sets.filter((unit) => syntax.kindOf(unit) === 'sps');
  const known = configuration.units.map(withoutTrailingZeros);
  if (slice === undefined || sent.every((sps) => known.some((unit) => unit.equals(sps)))) return undefined;
  // Several sets may come: the picture says which it uses.
  const pictureId = syntax.pictureIdOf(slice);
  const pictures = [...known, ...sets].filter((unit) => syntax.kindOf(unit) === 'pps').map(syntax.pictureOf);
  const sequenceId = pictures.findLast(({ id }) => id === pictureId)?.sequenceId;
  const used = sent.findLast((sps) => syntax.sequenceOf(sps).id === sequenceId);
  if (used === undefined || known.some((unit) => unit.equals(used))) return undefined;
  const { width, height } = syntax.sequenceOf(used);
  const mergedSets = merge(syntax, known, sets, used);
  return { record: configuration.withSets(mergedSets), width, height };
}

/** What was sent, the SPS in use first; and of what was known, what still can be referred to. */
function merge(
  syntax: NalCodec,
  known: readonly Buffer[],
  sent: readonly Buffer[],
  used: Buffer,
): readonly Buffer[] {
  const ofKind = (units: readonly Buffer[], kind: string): Buffer[] =>
    units.filter((unit) => syntax.kindOf(unit) === kind);
  const vps = ofKind(sent, 'vps');
  const otherSps = ofKind(sent, 'sps').filter((sps) => !sps.equals(used));
  const sequenceIds = [used, ...otherSps].map((sps) => syntax.sequenceOf(sps).id);
  const pps = ofKind(sent, 'pps');
  const pictureIds = pps.map((unit) => syntax.pictureOf(unit).id);
  const keptPps = ofKind(known, 'pps').filter((unit) => {
    const { id, sequenceId } = syntax.pictureOf(unit);
    return !pictureIds.includes(id) && sequenceIds.includes(sequenceId);
  });
  return [...(vps.length > 0 ? vps : ofKind(known, 'vps')), used, ...otherSps, ...pps, ...keptPps];
}

/** The parameters that these NAL units bring; undefined as long as there are too few for a picture. */
export function parametersOf(codec: string, units: readonly Buffer[]): VideoParameters | undefined {
  const syntax = CODECS[codec];
  if (syntax === undefined) return undefined;
  const sets = units.filter((unit) => !['slice', undefined].includes(syntax.kindOf(unit)));
  const sps = sets.find((unit) => syntax.kindOf(unit) === 'sps');
  if (sps === undefined || !sets.some((unit) => syntax.kindOf(unit) === 'pps')) return undefined;
  return ifReadable(() => {
    const { width, height } = syntax.sequenceOf(sps);
    return { record: syntax.newRecord(sets.map((unit) => Buffer.from(unit))), width, height };
  });
}

/** What a configuration record says; undefined when it cannot be read. */
export function parametersOfRecord(codec: string, record: Buffer): VideoParameters | undefined {
  const syntax = CODECS[codec];
  if (syntax === undefined) return undefined;
  return ifReadable(() => {
    const sps = syntax.parseConfiguration(record).units.find((unit) => syntax.kindOf(unit) === 'sps');
    if (sps === undefined) return undefined;
    const { width, height } = syntax.sequenceOf(sps);
    return { record, width, height };
  });
}

/** Whether two records are of the same parameter sets, in any order. */
export function haveSameSets(codec: string, one: Buffer, other: Buffer): boolean {
  const syntax = CODECS[codec];
  if (syntax === undefined) return false;
  const setsOf = (record: Buffer): string[] =>
    syntax
      .parseConfiguration(record)
      .units.filter((unit) => syntax.kindOf(unit) !== undefined)
      .map((unit) => withoutTrailingZeros(unit).toString('hex'))
      .sort();
  return ifReadable(() => setsOf(one).join() === setsOf(other).join()) ?? false;
}
