import { expect, it } from 'vitest';
import { trackOf } from '../../../../../functions/core/media/tracks/track.ts';

/** Records of libaom. */
const SMALL = Buffer.from('81000c000a0a00000003b4fdf36be401', 'hex');
const LARGE = Buffer.from('81000c000a0b000000043d06d4daf90040', 'hex');
const SOURCE = { kind: 'video', codec: 'av1', isEncoded: false } as const;
const STREAM = {
  tag: Buffer.from('AV01'),
  extradata: SMALL,
  ...{ width: 160, height: 96, pixelWidth: 0, pixelHeight: 0, sampleRateHz: 0, channels: 0 },
};

it('pictures of AV1 have the size that a new configuration says, and keep theirs where it cannot be read', () => {
  const track = trackOf(SOURCE, STREAM);
  const infoWith = (extradata: Buffer | undefined) => {
    const packet = { stream: 0, dts: 0, offset: 0, keyframe: true, data: Buffer.of(1), extradata };
    return track.next(packet)?.description.info;
  };
  expect(infoWith(undefined)).toMatchObject({ width: 160, height: 96 });
  expect(infoWith(LARGE)).toMatchObject({ width: 322, height: 182 });
  expect(infoWith(LARGE.subarray(0, 6))).toMatchObject({ width: 322, height: 182 });
});
