/**
 * Whether it stands in the place of a sample that did not come, since its segment was cut off (container/source/hls/wholeBoxes.ts):
 * no picture of H.264 or HEVC and no frame of AAC is made of zeros.
 */
export const isFilling = (data: Buffer): boolean => data.length > 0 && data.every((byte) => byte === 0);
