import { parametersOf } from '../nal/changedParameterSets.ts';
import { wholeUnitsIn } from '../nal/units.ts';
import { mediaIn } from './media.ts';
import { AVC, EX_VIDEO, SIZE_BYTES, TAG_HEADER_BYTES, VIDEO } from './tagLayout.ts';
import type { FlvTag } from './tags.ts';

/** Lengths of NAL units, as publishers have them. */
const LENGTH_BYTES = 4;
const KEYFRAME = 1 << 4;
/** What stands in front of a configuration. */
const HEADS: Readonly<Record<string, Buffer>> = {
  h264: Buffer.of(KEYFRAME | AVC, 0, 0, 0, 0),
  hevc: Buffer.from([EX_VIDEO | KEYFRAME, ...Buffer.from('hvc1')]),
};

/**
 * The configuration of pictures that come without one: some servers send it to nobody who joins later (of HEVC, those that know
 * H.264 alone), and encoders repeat what stands in it with each keyframe.
 * @returns undefined where this picture does not bring it
 */
export function configurationIn(tag: FlvTag): (FlvTag & { readonly kind: 'video' }) | undefined {
  if (tag.kind !== 'video' || !tag.isKeyframe || tag.isConfiguration) return undefined;
  const [{ codec = '', payload } = { payload: Buffer.alloc(0) }] = mediaIn(tag.bytes);
  const head = HEADS[codec];
  const record = parametersOf(codec, wholeUnitsIn(payload, LENGTH_BYTES))?.record;
  if (head === undefined || record === undefined) return undefined;
  const { timeMs, coding } = tag;
  const bytes = tagOf(timeMs, Buffer.concat([head, record]));
  const said = { isConfiguration: true, isKeyframe: true, needsConfiguration: false };
  return { kind: 'video', timeMs, coding, bytes, ...said };
}

function tagOf(timeMs: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(TAG_HEADER_BYTES + body.length + SIZE_BYTES);
  bytes[0] = VIDEO;
  bytes.writeUIntBE(body.length, 1, 3);
  bytes.writeUIntBE(timeMs % 2 ** 24, 4, 3);
  bytes[7] = Math.floor(timeMs / 2 ** 24);
  body.copy(bytes, TAG_HEADER_BYTES);
  bytes.writeUInt32BE(TAG_HEADER_BYTES + body.length, TAG_HEADER_BYTES + body.length);
  return bytes;
}
