import type { KeyPicture } from '../tracks/sample.ts';
import { nalCodec } from './changedParameterSets.ts';
import { unitsIn } from './units.ts';

const H264_UNIT_TYPE = 31;
const H264_IDR = 5;

/**
 * Whether a decoder forgets with it all that came before. ffmpeg's of H.264 loses keyframes of open GOPs, which do not,
 * where the pictures between them are missing.
 * @throws MediaError the sample is broken
 */
export function refreshesDecoder({ description, data }: KeyPicture): boolean {
  const { codec } = description.info;
  if (codec !== 'h264') return true;
  const { lengthBytes = 4 } = nalCodec(codec)?.parseConfiguration(description.configuration) ?? {};
  for (const unit of unitsIn(data, lengthBytes)) {
    if (((unit[0] ?? 0) & H264_UNIT_TYPE) === H264_IDR) return true;
  }
  return false;
}
