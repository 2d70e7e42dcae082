/** What all tags of FLV have in common (Adobe's Video File Format Specification 10.1, E.4), and enhanced RTMP's. */

/** Kinds of tags. */
export const AUDIO = 8;
export const VIDEO = 9;
export const SCRIPT = 18;
/** Codecs, as the first byte of a tag's body has them. */
export const AAC = 10;
export const AVC = 7;

export const TAG_HEADER_BYTES = 11;
/** Of the tag's own size, which follows it. */
export const SIZE_BYTES = 4;
/** Of the file's header, up to where it says how long it is; the size of no tag follows it. */
export const HEADER_BYTES = 9;
const HEADER_START = Buffer.from('FLV\x01', 'latin1');
/** Whether a file's header is there, and no tag: the kind of one that began so would be reserved. */
export const isHeaderAt = (bytes: Buffer, at: number): boolean =>
  bytes[at] === HEADER_START[0] && bytes.subarray(at, at + HEADER_START.length).equals(HEADER_START);
/** In front of AVC: frame type and codec, what it is, and the offset of its composition time. */
export const AVC_HEADER_BYTES = 5;
/** A picture's frame type that says what a player is to do, and has no picture. */
export const COMMAND = 5;
/** A picture's first byte is not less: the tag is of enhanced RTMP. */
export const EX_VIDEO = 0x80;
/** Of enhanced RTMP: frame type and packet type, and the codec's four letters. */
export const EX_HEADER_BYTES = 5;
/** The sound format that says that the tag is of enhanced RTMP. */
export const EX_AUDIO = 9;
/** What a packet of enhanced RTMP holds. */
export const PACKET = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  /** As `codedFrames`, each shown when it is decoded. */
  codedFramesX: 3,
  metadata: 4,
  /** Of sound: where its channels are heard. */
  multichannel: 4,
  /** As `sequenceStart`, in the words of MPEG-TS. */
  transportStart: 5,
  modifier: 7,
} as const;
