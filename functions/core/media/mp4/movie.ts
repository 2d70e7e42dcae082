import { Buffer } from 'node:buffer';
import { box, fullBox, U32_MAX, u32, u64 } from './boxes.ts';
import type { InitSegment, Track } from './initSegment.ts';
import type { Runs, SampleTable } from './sampleTable.ts';

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
  const trexes = init.tracks.map(({ id, defaults }) =>
    fullBox('trex', 0, 0, u32(id, 1, defaults.duration, defaults.size, defaults.flags)),
  );
  return Buffer.concat([
    init.ftyp,
    box('moov', mvhd(init, 0), ...traks, box('mvex', ...trexes), ...init.others),
  ]);
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
export function indexedHead(init: InitSegment, tracks: readonly IndexedTrack[], mediaBytes: number): Buffer {
  const ftyp = box('ftyp', Buffer.from('isom'), u32(0x200), Buffer.from('isomiso2avc1mp41'));
  // How long the head is decides where the chunks lie, and how wide the offsets are how long the head is.
  const headBytes = ftyp.length + moov(init, tracks, 0, mediaBytes).length + MDAT_HEADER_BYTES;
  const index = moov(init, tracks, headBytes, mediaBytes);
  const mdat = Buffer.concat([u32(1), Buffer.from('mdat'), u64(MDAT_HEADER_BYTES + mediaBytes)]);
  return Buffer.concat([ftyp, index, mdat]);
}

function moov(
  init: InitSegment,
  tracks: readonly IndexedTrack[],
  headBytes: number,
  mediaBytes: number,
): Buffer {
  let movieDuration = 0;
  const traks = tracks.map(({ track, table, edits }) => {
    const duration = toMovie(edits.reduce((sum, { seconds }) => sum + seconds, 0));
    movieDuration = Math.max(movieDuration, duration);
    return trak(track, {
      movieDuration: duration,
      mediaDuration: table.mediaDuration,
      edits,
      tables: sampleTables(table, headBytes, mediaBytes),
    });
  });
  return box('moov', mvhd(init, movieDuration), ...traks, ...init.others);
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
  readonly tables: readonly Buffer[];
}

function trak(track: Track, parts: TrakParts): Buffer {
  const { hdlr, mediaInformation, stsd } = track.boxes;
  const edts = parts.edits.length === 0 ? [] : [box('edts', editList(parts.edits))];
  const minf = box('minf', ...mediaInformation, box('stbl', stsd, ...parts.tables));
  return box(
    'trak',
    tkhd(track, parts.movieDuration),
    ...edts,
    box('mdia', mdhd(track, parts.mediaDuration), hdlr, minf),
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

function sampleTables(table: SampleTable, headBytes: number, mediaBytes: number): Buffer[] {
  // None at all is AAC that ffmpeg did not mark (RTSP, 7.1): a list without entries would forbid to seek.
  const allSync = [0, table.sizes.length].includes(table.syncSamples.length);
  return [
    fullBox('stts', 0, 0, u32(table.durations.length), runPairs(table.durations, false)),
    ...(allSync
      ? []
      : [
          fullBox(
            'stss',
            0,
            0,
            u32(table.syncSamples.length),
            u32List(table.syncSamples.length, (i) => table.syncSamples.at(i)),
          ),
        ]),
    ...compositionOffsets(table.compositionOffsets),
    samplesToChunks(table.samplesPerChunk),
    fullBox(
      'stsz',
      0,
      0,
      u32(0, table.sizes.length),
      u32List(table.sizes.length, (i) => table.sizes.at(i)),
    ),
    chunkOffsets(table, headBytes, mediaBytes),
  ];
}

function compositionOffsets(runs: Runs): Buffer[] {
  if (runs.length === 0 || (runs.length === 1 && runs.value(0) === 0)) return [];
  let negative = false;
  for (let i = 0; i < runs.length; i++) negative ||= runs.value(i) < 0;
  return [fullBox('ctts', negative ? 1 : 0, 0, u32(runs.length), runPairs(runs, negative))];
}

function samplesToChunks(runs: Runs): Buffer {
  const entries = Buffer.alloc(12 * runs.length);
  let chunk = 1;
  for (let i = 0; i < runs.length; i++) {
    entries.writeUInt32BE(chunk, 12 * i);
    entries.writeUInt32BE(runs.value(i), 12 * i + 4);
    entries.writeUInt32BE(1, 12 * i + 8);
    chunk += runs.count(i);
  }
  return fullBox('stsc', 0, 0, u32(runs.length), entries);
}

function chunkOffsets({ chunkOffsets: chunks }: SampleTable, headBytes: number, mediaBytes: number): Buffer {
  // Decided by an upper bound that both passes see alike, or the head's length could change between them.
  const wide = mediaBytes > U32_MAX - HEAD_MAX_BYTES;
  if (!wide) {
    const offsets = u32List(chunks.length, (i) => chunks.at(i) + headBytes);
    return fullBox('stco', 0, 0, u32(chunks.length), offsets);
  }
  const offsets = Buffer.alloc(8 * chunks.length);
  for (let i = 0; i < chunks.length; i++) offsets.writeBigUInt64BE(BigInt(chunks.at(i) + headBytes), 8 * i);
  return fullBox('co64', 0, 0, u32(chunks.length), offsets);
}

/** No index of a day comes near it. */
const HEAD_MAX_BYTES = 512 * 1024 * 1024;

function u32List(length: number, at: (index: number) => number): Buffer {
  const bytes = Buffer.alloc(4 * length);
  for (let i = 0; i < length; i++) bytes.writeUInt32BE(at(i), 4 * i);
  return bytes;
}

function runPairs(runs: Runs, signed: boolean): Buffer {
  const bytes = Buffer.alloc(8 * runs.length);
  for (let i = 0; i < runs.length; i++) {
    bytes.writeUInt32BE(runs.count(i), 8 * i);
    if (signed) bytes.writeInt32BE(runs.value(i), 8 * i + 4);
    else bytes.writeUInt32BE(runs.value(i), 8 * i + 4);
  }
  return bytes;
}
