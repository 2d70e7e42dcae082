import { expect, it } from 'vitest';
import type { Packet, PacketStream } from '../../../../../functions/core/media/tracks/packet.ts';
import { trackOf } from '../../../../../functions/core/media/tracks/track.ts';

const AVCC = '0142c00affe100056742c00a8c01000468ce3c80';

it.each([
  ['a picture', { kind: 'video', codec: 'h264' }, AVCC, '0000000265aa'],
  ['sound', { kind: 'audio', codec: 'aac' }, '1190', '00aa'],
] as const)('%s that is made of zeros is none', (_what, source, configuration, data) => {
  const extradata = Buffer.from(configuration, 'hex');
  const stream = { extradata, width: 160, height: 90, sampleRateHz: 48_000, channels: 2 };
  const track = trackOf({ ...source, isEncoded: false }, stream as unknown as PacketStream);
  const packetOf = (bytes: Buffer) => ({ dts: 0, offset: 0, keyframe: true, data: bytes }) as Packet;
  expect(track.next(packetOf(Buffer.alloc(200)))).toBeUndefined();
  expect(track.next(packetOf(Buffer.from(data, 'hex')))).toBeDefined();
});
