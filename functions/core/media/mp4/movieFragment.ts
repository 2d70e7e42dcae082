import { MediaError } from '../types.ts';
import { type Box, boxesIn, FieldReader, needBox } from './boxes.ts';
import type { InitSegment, SampleDefaults, Track } from './initSegment.ts';

export interface Sample {
  /** In the track's timescale. */
  readonly duration: number;
  readonly bytes: number;
  /** Composition offset, in the track's timescale. */
  readonly compositionOffset: number;
  readonly sync: boolean;
}

/** Samples that lie one after the other in the file: one trun. */
export interface Run {
  /** Of the first byte, counted from the beginning of the moof. */
  readonly dataOffset: number;
  readonly samples: readonly Sample[];
}

export interface TrackFragment {
  readonly track: Track;
  /** Decode time of the first sample, in the track's timescale. */
  readonly decodeTime: number;
  /** Where the decode time is, from the beginning of the moof, and how wide. */
  readonly decodeTimeAt: number;
  readonly decodeTimeBytes: 4 | 8;
  /** Where the durations of its samples are, 32 bits each, in what is being written. */
  readonly durationsAt?: { readonly first: number; readonly everyBytes: number };
  readonly runs: readonly Run[];
  /** Nothing of the source's: a player gets it in place of sound that is missing, the finished file does not. */
  readonly isFiller?: boolean;
}

const NON_SYNC = 0x1_0000;
/** Degradation priority (ISO/IEC 14496-12, 8.8.3.1), by which filler is known again: the loss of no sample matters less. */
export const FILLER_FLAGS = 0xffff;

/** @param moof whole box. @throws MediaError */
export function parseMovieFragment(moof: Buffer, init: InitSegment): TrackFragment[] {
  const found: TrackFragment[] = [];
  for (const traf of boxesIn(moof, 8)) {
    if (traf.type !== 'traf') continue;
    const boxes = boxesIn(traf.body);
    const { trackId, defaults, baseIsMoof } = fragmentHeader(needBox(boxes, 'tfhd'), init);
    const track = init.tracks.find(({ id }) => id === trackId);
    if (track === undefined) continue;
    if (!baseIsMoof) throw new MediaError('a fragment counts its data from something else than its moof');
    const tfdt = needBox(boxes, 'tfdt');
    const wide = tfdt.body[0] === 1;
    const fields = new FieldReader(tfdt.body, 4);
    const runs = boxes
      .filter(({ type }) => type === 'trun')
      .map((trun) => parseRun(trun, defaults))
      .filter(({ samples }) => samples.length > 0);
    if (runs.length === 0) continue;
    const isFiller = (defaults.flags & FILLER_FLAGS) === FILLER_FLAGS;
    found.push({
      track,
      decodeTime: wide ? fields.u64() : fields.u32(),
      decodeTimeAt: traf.offset + 8 + tfdt.offset + 12,
      decodeTimeBytes: wide ? 8 : 4,
      runs,
      ...(isFiller ? { isFiller } : {}),
    });
  }
  return found;
}

function fragmentHeader(
  tfhd: Box,
  init: InitSegment,
): { trackId: number; defaults: SampleDefaults; baseIsMoof: boolean } {
  const fields = new FieldReader(tfhd.body);
  const flags = fields.u32() & 0xff_ffff;
  const trackId = fields.u32();
  const known = init.tracks.find(({ id }) => id === trackId)?.defaults ?? { duration: 0, size: 0, flags: 0 };
  const baseIsMoof = (flags & 0x1) === 0 && (flags & 0x2_0000) !== 0;
  if (flags & 0x1) fields.skip(8);
  if (flags & 0x2) fields.skip(4);
  return {
    trackId,
    baseIsMoof,
    defaults: {
      duration: flags & 0x8 ? fields.u32() : known.duration,
      size: flags & 0x10 ? fields.u32() : known.size,
      flags: flags & 0x20 ? fields.u32() : known.flags,
    },
  };
}

function parseRun(trun: Box, defaults: SampleDefaults): Run {
  const fields = new FieldReader(trun.body);
  const version = fields.u8();
  const flags = fields.skip(-1).u32() & 0xff_ffff;
  const count = fields.u32();
  if ((flags & 0x1) === 0) throw new MediaError('a run has no data offset');
  const dataOffset = fields.i32();
  const firstFlags = flags & 0x4 ? fields.u32() : undefined;
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const duration = flags & 0x100 ? fields.u32() : defaults.duration;
    const bytes = flags & 0x200 ? fields.u32() : defaults.size;
    let sampleFlags = flags & 0x400 ? fields.u32() : defaults.flags;
    if (i === 0 && firstFlags !== undefined) sampleFlags = firstFlags;
    const compositionOffset = flags & 0x800 ? (version === 0 ? fields.u32() : fields.i32()) : 0;
    samples.push({ duration, bytes, compositionOffset, sync: (sampleFlags & NON_SYNC) === 0 });
    // A damaged count, with defaults for every field, would go on for ever.
    if (samples.length > RUN_MAX_SAMPLES) throw new MediaError('a run has too many samples');
  }
  return { dataOffset, samples };
}

const RUN_MAX_SAMPLES = 1_000_000;
