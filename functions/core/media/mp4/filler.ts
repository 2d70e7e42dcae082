import { ifReadable } from '../ifReadable.ts';
import { type SilentFrame, silentAacFrame } from '../tracks/aacSilence.ts';
import { box, boxesIn, FieldReader, findBox, fullBox, u32, u64 } from './boxes.ts';
import type { Track } from './initSegment.ts';
import { FILLER_FLAGS } from './movieFragment.ts';

const SYNC = 0x200_0000;
const BASE_IS_MOOF = 0x2_0000;
const DEFAULT_DURATION_SIZE_FLAGS = 0x38;
const DATA_OFFSET = 0x1;
/** AudioSampleEntry (ISO/IEC 14496-12, 12.2.3): what stands before the boxes inside of it. */
const AUDIO_ENTRY_BYTES = 28;
const ES_DESCRIPTOR = 3;
const DECODER_CONFIGURATION = 4;
const DECODER_SPECIFIC = 5;

/** What a player is given where a track of sound has none: one without samples would make it wait for ever. */
export function fillerOf(track: Track): SilentFrame | undefined {
  if (track.info.codec !== 'aac') return undefined;
  const configuration = ifReadable(() => decoderConfiguration(track.boxes.stsd));
  return configuration === undefined ? undefined : silentAacFrame(configuration, track.timescale);
}

/** A fragment of its own with so many silent frames. @param decodeTime of the first, in the track's timescale */
export function fillerFragment(track: Track, frame: SilentFrame, frames: number, decodeTime: number): Buffer {
  const moofOf = (dataOffset: number): Buffer =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, u32(0)),
      box(
        'traf',
        fullBox(
          'tfhd',
          0,
          BASE_IS_MOOF | DEFAULT_DURATION_SIZE_FLAGS,
          u32(track.id, frame.duration, frame.data.length, SYNC | FILLER_FLAGS),
        ),
        fullBox('tfdt', 1, 0, u64(decodeTime)),
        fullBox('trun', 0, DATA_OFFSET, u32(frames, dataOffset)),
      ),
    );
  const moof = moofOf(moofOf(0).length + 8);
  return Buffer.concat([moof, box('mdat', ...Array.from({ length: frames }, () => frame.data))]);
}

/** AudioSpecificConfig of an mp4a entry: descriptors within each other (ISO/IEC 14496-1, 7.2.6). @throws MediaError */
function decoderConfiguration(stsd: Buffer): Buffer | undefined {
  const entry = findBox(boxesIn(stsd, 16), 'mp4a');
  const esds = entry === undefined ? undefined : findBox(boxesIn(entry.body, AUDIO_ENTRY_BYTES), 'esds');
  if (esds === undefined) return undefined;
  const fields = new FieldReader(esds.body, 4);
  if (readDescriptor(fields).tag !== ES_DESCRIPTOR) return undefined;
  const flags = fields.skip(2).u8();
  // A dependent stream, an address, a clock: none of them in files.
  if ((flags & 0xe0) !== 0) return undefined;
  if (readDescriptor(fields).tag !== DECODER_CONFIGURATION) return undefined;
  const { tag, bytes } = readDescriptor(fields.skip(13));
  return tag === DECODER_SPECIFIC ? esds.body.subarray(fields.at, fields.at + bytes) : undefined;
}

function readDescriptor(fields: FieldReader): { readonly tag: number; readonly bytes: number } {
  const tag = fields.u8();
  let bytes = 0;
  for (let read = 0; read < 4; read++) {
    const byte = fields.u8();
    bytes = bytes * 0x80 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return { tag, bytes };
}
