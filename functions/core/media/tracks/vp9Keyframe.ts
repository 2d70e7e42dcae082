const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;
const HEAD_BYTES = 4;

/**
 * Whether a picture of VP9 is made of no others (VP9 bitstream specification, 6.2). Of RTSP ffmpeg does not mark them.
 * @param picture a frame, or a superframe, which begins with its first frame
 */
export function isVp9Keyframe(picture: Buffer): boolean {
  if (picture.length < HEAD_BYTES) return false;
  const head = picture.readUInt8(0);
  const isProfile3 = (head & 0x30) === 0x30;
  // Profile 3 has a bit more before them.
  const flags = isProfile3 ? head : head >> 1;
  const [isShownAgain, isMadeOfOthers] = [(flags & 0x04) !== 0, (flags & 0x02) !== 0];
  if (head >> 6 !== FRAME_MARKER || isShownAgain || isMadeOfOthers) return false;
  return isProfile3 || picture.readUIntBE(1, 3) === SYNC_CODE;
}
