import { expect, it } from 'vitest';
import type { Packet, PacketStream } from '../../../../../functions/core/media/tracks/packet.ts';
import { trackOf } from '../../../../../functions/core/media/tracks/track.ts';
import { isVp9Keyframe } from '../../../../../functions/core/media/tracks/vp9Keyframe.ts';

it.each([
  ['a keyframe of profile 0', [0x82, 0x49, 0x83, 0x42], true],
  ['one of profile 1', [0xa2, 0x49, 0x83, 0x42], true],
  ['one of profile 2', [0x92, 0x49, 0x83, 0x42], true],
  ['one of profile 3', [0xb1, 0x24, 0xc1, 0xa1], true],
  ['a picture that is made of others', [0x86, 0x00, 0x40, 0x92], false],
  ['one of profile 3', [0xb2, 0x24, 0xc1, 0xa1], false],
  ['one that is shown again', [0x88, 0x49, 0x83, 0x42], false],
  ['something else', [0x02, 0x49, 0x83, 0x42], false],
  ['what has no sync code', [0x82, 0x49, 0x83, 0x43], false],
  ['what is cut off', [0x82, 0x49, 0x83], false],
])('%s is told apart: %j', (_what, bytes, is) => {
  expect(isVp9Keyframe(Buffer.from(bytes))).toBe(is);
});

it.each([
  ['vp9', [false, true, true]],
  ['vp8', [false, false, true]],
])('of %s that nobody marks, or somebody does, is told by its track: %j', (codec, keyframes) => {
  const stream = { extradata: Buffer.alloc(0), width: 160, height: 90 } as unknown as PacketStream;
  const track = trackOf({ kind: 'video', codec, isEncoded: false }, stream);
  const [between, key] = [Buffer.from('86004092', 'hex'), Buffer.from('82498342', 'hex')];
  const packets = [
    { keyframe: false, data: between },
    { keyframe: false, data: key },
    { keyframe: true, data: between },
  ] as Packet[];
  expect(packets.map((packet) => track.next(packet)?.keyframe)).toEqual(keyframes);
});
