import { Buffer } from 'node:buffer';
import { joined, type Pieces, toBuffer } from '../pieces.ts';
import { box, boxOf, fullBox, U32_MAX, u32, u64 } from './boxes.ts';
import type { InitSegment, Track } from './initSegment.ts';
import { sampleTableBoxes } from './sampleBoxes.ts';
import type { SampleTable } from './sampleTable.ts';

/** Of the movie's own times (edit lists, durations shown): milliseconds, as ffmpeg has it. */
export const MOVIE_TIMESCALE = 1000;

/** One piece of an edit list. Times in seconds; `mediaTime` in the track's timescale, -1 for an empty edit. */
export interface Edit {
  readonly seconds: number;
  readonly mediaTime: number;
}

/** The head of a file whose samples come in movie fragments: their times are in the fragments. */
export function fragmentedHead(init: InitSegment, edits: (track: Track) => readonly Edit[]): Buffer {
  const traks = init.tracks.map((track) =>
    trak(track, {
      movieDuration: 0,
      mediaDuration: 0,
      edits: edits(track),
      tables: [
        fullBox('stts', 0, 0, u32(0)),
        fullBox('stsc', 0, 0, u32(0)),
        fullBox('stsz', 0, 0, u32(0, 0)),
        fullBox('stco', 0, 0, u32(0)),
      ],
    }),
  );
  const mvex = box('mvex', ...init.tracks.map(trex));
  return toBuffer(joined(init.ftyp, boxOf('moov', mvhd(init, 0), ...traks, mvex, ...init.others)));
}

function trex({ id, defaults }: Track): Buffer {
  return fullBox('trex', 0, 0, u32(id, 1, defaults.duration, defaults.size, defaults.flags));
}

export interface IndexedTrack {
  readonly track: Track;
  readonly table: SampleTable;
  readonly edits: readonly Edit[];
}

const MDAT_HEADER_BYTES = 16;

/**
 * The head of an ordinary MP4: file type, the whole index, and the header of one mdat that covers all that follows.
 * @param mediaBytes after the head, to the end of the file
 */
export function indexedHead(init: InitSegment, tracks: readonly IndexedTrack[], mediaBytes: number): Pieces {
  const ftyp = box('ftyp', Buffer.from('isom'), u32(0x200), Buffer.from('isomiso2avc1mp41'));
  // How long the head is decides where the chunks lie, and how wide the offsets are how long the head is.
  const headBytes = ftyp.length + moov(init, tracks, 0, mediaBytes).bytes + MDAT_HEADER_BYTES;
  const index = moov(init, tracks, headBytes, mediaBytes);
  return joined(ftyp, index, u32(1), Buffer.from('mdat'), u64(MDAT_HEADER_BYTES + mediaBytes));
}

function moov(
  init: InitSegment,
  tracks: readonly IndexedTrack[],
  headBytes: number,
  mediaBytes: number,
): Pieces {
  let movieDuration = 0;
  const traks = tracks.map(({ track, table, edits }) => {
    const duration = toMovie(edits.reduce((sum, { seconds }) => sum + seconds, 0));
    movieDuration = Math.max(movieDuration, duration);
    return trak(track, {
      movieDuration: duration,
      mediaDuration: table.mediaDuration,
      edits,
      tables: sampleTableBoxes(table, headBytes, mediaBytes),
    });
  });
  return boxOf('moov', mvhd(init, movieDuration), ...traks, ...init.others);
}

const toMovie = (seconds: number): number => Math.round(seconds * MOVIE_TIMESCALE);

function mvhd(init: InitSegment, duration: number): Buffer {
  const body = init.mvhd.subarray(8);
  const rest = body.subarray(body[0] === 1 ? 32 : 20);
  return duration > U32_MAX
    ? fullBox('mvhd', 1, 0, u64(0), u64(0), u32(MOVIE_TIMESCALE), u64(duration), rest)
    : fullBox('mvhd', 0, 0, u32(0, 0, MOVIE_TIMESCALE, duration), rest);
}

interface TrakParts {
  readonly movieDuration: number;
  readonly mediaDuration: number;
  readonly edits: readonly Edit[];
  readonly tables: readonly (Buffer | Pieces)[];
}

function trak(track: Track, parts: TrakParts): Pieces {
  const { hdlr, mediaInformation, stsd } = track.boxes;
  const edts = parts.edits.length === 0 ? [] : [box('edts', editList(parts.edits))];
  const minf = boxOf('minf', ...mediaInformation, boxOf('stbl', stsd, ...parts.tables));
  return boxOf(
    'trak',
    tkhd(track, parts.movieDuration),
    ...edts,
    boxOf('mdia', mdhd(track, parts.mediaDuration), hdlr, minf),
  );
}

function tkhd(track: Track, duration: number): Buffer {
  const body = track.boxes.tkhd.subarray(8);
  const flags = body.readUIntBE(1, 3);
  const rest = body.subarray(body[0] === 1 ? 36 : 24);
  return duration > U32_MAX
    ? fullBox('tkhd', 1, flags, u64(0), u64(0), u32(track.id, 0), u64(duration), rest)
    : fullBox('tkhd', 0, flags, u32(0, 0, track.id, 0, duration), rest);
}

function mdhd(track: Track, duration: number): Buffer {
  const body = track.boxes.mdhd.subarray(8);
  const language = body.subarray(body[0] === 1 ? 32 : 20);
  return duration > U32_MAX
    ? fullBox('mdhd', 1, 0, u64(0), u64(0), u32(track.timescale), u64(duration), language)
    : fullBox('mdhd', 0, 0, u32(0, 0, track.timescale, duration), language);
}

function editList(edits: readonly Edit[]): Buffer {
  const wide = edits.some(({ seconds, mediaTime }) => toMovie(seconds) > U32_MAX || mediaTime > 0x7fff_ffff);
  const entries = edits.map(({ seconds, mediaTime }) => {
    const duration = toMovie(seconds);
    const rate = u32(0x1_0000);
    if (!wide) return Buffer.concat([u32(duration, mediaTime), rate]);
    const time = Buffer.alloc(8);
    time.writeBigInt64BE(BigInt(mediaTime));
    return Buffer.concat([u64(duration), time, rate]);
  });
  return fullBox('elst', wide ? 1 : 0, 0, u32(edits.length), ...entries);
}
