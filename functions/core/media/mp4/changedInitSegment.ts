import { ifReadable } from '../ifReadable.ts';
import { changedParameters, haveSameSets, type VideoParameters } from '../nal/changedParameterSets.ts';
import { type Box, box, boxesIn, u32 } from './boxes.ts';
import type { Mp4Fragment } from './fragment.ts';
import type { InitSegment, Track } from './initSegment.ts';

/** VisualSampleEntry (ISO/IEC 14496-12, 12.1.3): what stands before the boxes inside of it. */
const VISUAL_ENTRY_BYTES = 78;
const SIZE_AT = 24;
const RECORDS: ReadonlySet<string> = new Set(['avcC', 'hvcC']);
/**
 * Bit rates, colours, aperture, fields: of the parameters as they were. Players find them in the new ones. The shape of
 * a pixel (pasp) is kept.
 */
const OF_OLD_PARAMETERS: ReadonlySet<string> = new Set(['btrt', 'colr', 'clap', 'fiel']);

/**
 * The header that describes this fragment: the one in force, or another where its first frame brings other video
 * parameters, which ffmpeg copies and does not write down.
 * @param fragment begins with a keyframe
 */
export function currentInit(init: InitSegment, fragment: Mp4Fragment): InitSegment {
  let current = init;
  for (const { track, runs } of fragment.tracks) {
    const entry = track.info.kind === 'video' ? readEntry(track) : undefined;
    const [run] = runs;
    const sample = run?.samples[0];
    if (entry === undefined || run === undefined || sample === undefined) continue;
    const bytes = fragment.bytes.subarray(run.dataOffset, run.dataOffset + sample.bytes);
    const parameters = changedParameters(track.info.codec, entry.record.body, bytes);
    if (parameters === undefined) continue;
    const changed = withParameters(track, entry, parameters);
    current = {
      ...current,
      tracks: current.tracks.map((one) => (one.id === track.id ? changed : one)),
    };
  }
  return current;
}

/** Two tracks, of two runs of ffmpeg or before and after a change, whose samples one header describes. */
export function areAlike(one: Track, other: Track): boolean {
  if (one.timescale !== other.timescale) return false;
  if (one.boxes.stsd.equals(other.boxes.stsd)) return true;
  // A header of ours is not written as ffmpeg's is.
  const [entry, otherEntry] = [readEntry(one), readEntry(other)];
  return (
    entry !== undefined &&
    entry.box.type === otherEntry?.box.type &&
    haveSameSets(one.info.codec, entry.record.body, otherEntry.record.body)
  );
}

interface VideoEntry {
  readonly box: Box;
  readonly inside: readonly Box[];
  readonly record: Box;
}

/** Undefined for a track whose parameters cannot come with its samples. */
function readEntry({ boxes: { stsd } }: Track): VideoEntry | undefined {
  return ifReadable(() => entryOf(stsd));
}

function entryOf(stsd: Buffer): VideoEntry | undefined {
  const [entry, ...others] = boxesIn(stsd, 8 + 8);
  if (entry === undefined || others.length > 0 || entry.body.length < VISUAL_ENTRY_BYTES) return undefined;
  const inside = boxesIn(entry.body, VISUAL_ENTRY_BYTES);
  const record = inside.find(({ type }) => RECORDS.has(type));
  return record === undefined ? undefined : { box: entry, inside, record };
}

function withParameters(track: Track, entry: VideoEntry, parameters: VideoParameters): Track {
  const { record, width, height } = parameters;
  const fixed = Buffer.from(entry.box.body.subarray(0, VISUAL_ENTRY_BYTES));
  const oldWidth = fixed.readUInt16BE(SIZE_AT);
  const oldHeight = fixed.readUInt16BE(SIZE_AT + 2);
  fixed.writeUInt16BE(width, SIZE_AT);
  fixed.writeUInt16BE(height, SIZE_AT + 2);
  const inside = entry.inside
    .filter(({ type }) => !OF_OLD_PARAMETERS.has(type))
    .map((one) => (one === entry.record ? box(one.type, record) : one.bytes));
  const stsd = box('stsd', u32(0, 1), box(entry.box.type, fixed, ...inside));
  // The size that is shown, in 16.16: pixels may be wider than high.
  const tkhd = Buffer.from(track.boxes.tkhd);
  const at = tkhd.length - 8;
  tkhd.writeUInt32BE(scaled(tkhd.readUInt32BE(at), width, oldWidth), at);
  tkhd.writeUInt32BE(scaled(tkhd.readUInt32BE(at + 4), height, oldHeight), at + 4);
  return {
    ...track,
    info: { ...track.info, width, height },
    boxes: { ...track.boxes, stsd, tkhd },
  };
}

function scaled(shown: number, now: number, before: number): number {
  return before === 0 ? now * 0x1_0000 : Math.min(0xffff_ffff, Math.round((shown * now) / before));
}
