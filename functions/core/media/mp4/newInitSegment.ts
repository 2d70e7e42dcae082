import type { QuarterTurn, TrackDescription } from '../tracks/sample.ts';
import { box, fullBox, u32 } from './boxes.ts';
import type { InitSegment, Track } from './initSegment.ts';
import { sampleDescription } from './sampleEntry.ts';

const ONE = 0x1_0000;
const MATRIX = u32(ONE, 0, 0, 0, ONE, 0, 0, 0, 0x4000_0000);
const MINUS_ONE = 0xffff_0000;
const VOLUME = 0x0100_0000;
const IN_MOVIE_AND_ENABLED = 3;
/** Three letters of five bits each; others than three are not known to MP4. */
function languageCode(language = 'und'): number {
  const letters = /^[a-z]{3}$/.test(language) ? language : 'und';
  return [...letters].reduce((code, letter) => code * 32 + letter.charCodeAt(0) - 0x60, 0);
}

/**
 * What describes the samples of these tracks in fragments.
 * @param descriptions by track id
 * @throws MediaError a codec that MP4 does not carry
 */
export function newInitSegment(descriptions: ReadonlyMap<number, TrackDescription>): InitSegment {
  const tracks = [...descriptions].map(([id, description]) => newTrack(id, description));
  const nextId = Math.max(0, ...descriptions.keys()) + 1;
  return {
    ftyp: box('ftyp', Buffer.from('iso5'), u32(0x200), Buffer.from('iso5iso6mp41')),
    mvhd: fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0, ONE, VOLUME, 0, 0), MATRIX, Buffer.alloc(24), u32(nextId)),
    tracks,
    others: [],
  };
}

function newTrack(id: number, description: TrackDescription): Track {
  const { info, timescale } = description;
  const isVideo = info.kind === 'video';
  return {
    id,
    info,
    timescale,
    shiftSeconds: 0,
    defaults: { duration: 0, size: 0, flags: 0 },
    boxes: {
      tkhd: trackHeader(id, description),
      mdhd: fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0, languageCode(info.language) * 0x1_0000)),
      hdlr: handler(isVideo ? 'vide' : 'soun', isVideo ? 'VideoHandler' : 'SoundHandler'),
      mediaInformation: [
        isVideo ? fullBox('vmhd', 0, 1, u32(0, 0)) : fullBox('smhd', 0, 0, u32(0)),
        box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
      ],
      stsd: sampleDescription(description),
    },
  };
}

/** A picture that is turned lies left of, above or both of its own corner; it is moved back (ISO/IEC 14496-12, 8.3.2). */
function matrixOf(turn: QuarterTurn | undefined, [width = 0, height = 0]: readonly number[]): Buffer {
  switch (turn) {
    case 90:
      return u32(0, ONE, 0, MINUS_ONE, 0, 0, height, 0, 0x4000_0000);
    case 180:
      return u32(MINUS_ONE, 0, 0, 0, MINUS_ONE, 0, width, height, 0x4000_0000);
    case 270:
      return u32(0, MINUS_ONE, 0, ONE, 0, 0, 0, width, 0x4000_0000);
    default:
      return MATRIX;
  }
}

function trackHeader(id: number, description: TrackDescription): Buffer {
  const { info, pixelWidth, pixelHeight, turn } = description;
  const isVideo = info.kind === 'video';
  const wide = Math.round(((info.width ?? 0) * pixelWidth * ONE) / pixelHeight);
  const sides = [wide, (info.height ?? 0) * ONE].map((side) => (isVideo ? Math.min(side, 0xffff_ffff) : 0));
  // Sound is an alternative to other sound.
  const group = isVideo ? 0 : 1;
  return fullBox(
    'tkhd',
    0,
    IN_MOVIE_AND_ENABLED,
    u32(0, 0, id, 0, 0, 0, 0, group, isVideo ? 0 : VOLUME),
    matrixOf(turn, sides),
    u32(...sides),
  );
}

function handler(type: string, name: string): Buffer {
  return fullBox('hdlr', 0, 0, u32(0), Buffer.from(type), Buffer.alloc(12), Buffer.from(`${name}\0`));
}
