import { ifReadable } from '../ifReadable.ts';
import { haveSameSets } from '../nal/changedParameterSets.ts';
import { boxesIn } from './boxes.ts';
import type { Track } from './initSegment.ts';

/** VisualSampleEntry (ISO/IEC 14496-12, 12.1.3): what stands before the boxes inside of it. */
const VISUAL_ENTRY_BYTES = 78;
/** A track header ends with its matrix and two sides (8.3.2); the matrix begins with four numbers, each third left out. */
const MATRIX_AND_SIDES_BYTES = 36 + 8;
const TURN_BYTES = 20;
const RECORDS: ReadonlySet<string> = new Set(['avcC', 'hvcC']);

/** Two tracks, of two runs of ffmpeg or before and after a change, whose samples one header describes. */
export function areAlike(one: Track, other: Track): boolean {
  if (one.timescale !== other.timescale || !turnOf(one).equals(turnOf(other))) return false;
  if (one.boxes.stsd.equals(other.boxes.stsd)) return true;
  // The same sets may come in another order.
  const [entry, otherEntry] = [videoEntryOf(one), videoEntryOf(other)];
  return (
    entry !== undefined &&
    entry.type === otherEntry?.type &&
    haveSameSets(one.info.codec, entry.record, otherEntry.record)
  );
}

/** What of the track header's matrix says how a picture is turned; it moves it, besides, as its size asks for. */
function turnOf({ boxes: { tkhd } }: Track): Buffer {
  return tkhd.subarray(-MATRIX_AND_SIDES_BYTES, -MATRIX_AND_SIDES_BYTES + TURN_BYTES);
}

export interface VideoEntry {
  readonly type: string;
  /** The codec's configuration. */
  readonly record: Buffer;
}

/** Undefined for a track whose parameters cannot come with its samples: neither H.264 nor HEVC. */
export function videoEntryOf({ boxes: { stsd } }: Track): VideoEntry | undefined {
  return ifReadable(() => entryOf(stsd));
}

function entryOf(stsd: Buffer): VideoEntry | undefined {
  const [entry, ...others] = boxesIn(stsd, 8 + 8);
  if (entry === undefined || others.length > 0 || entry.body.length < VISUAL_ENTRY_BYTES) return undefined;
  const record = boxesIn(entry.body, VISUAL_ENTRY_BYTES).find(({ type }) => RECORDS.has(type));
  return record === undefined ? undefined : { type: entry.type, record: record.body };
}
