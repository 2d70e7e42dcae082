import { describe, expect, it } from 'vitest';
import type { NutStream } from '../../../../../functions/core/media/nut/header.ts';
import type { NutPacket } from '../../../../../functions/core/media/nut/reader.ts';
import { trackOf } from '../../../../../functions/core/media/tracks/track.ts';

/** What ffmpeg says of AAC. */
const streamOf = (configuration: string, sampleRateHz: number, channels: number): NutStream => ({
  kind: 'audio',
  tag: Buffer.alloc(4),
  timeBase: { numerator: 1, denominator: sampleRateHz },
  timescale: sampleRateHz,
  timeBits: 7,
  extradata: Buffer.from(configuration, 'hex'),
  width: 0,
  height: 0,
  pixelWidth: 0,
  pixelHeight: 0,
  sampleRateHz,
  channels,
});
const trackWith = (stream: NutStream): ReturnType<typeof trackOf> =>
  trackOf({ kind: 'audio', codec: 'aac', isEncoded: false }, stream);

const LC_48_MONO = '1188';
const LC_48_STEREO = '1190';
const LC_22_MONO = '1388';
const LC_48_BY_ELEMENTS = '1180';

describe('AAC', () => {
  it.each([
    // FLV's own head says 44,100 Hz and stereo of all AAC.
    ['of which no frame has come', LC_48_MONO, [44_100, 2], [48_000, 1]],
    ['whose frames have come', LC_48_STEREO, [48_000, 2], [48_000, 2]],
    [
      'with band replication and parametric stereo that only decoding tells',
      LC_22_MONO,
      [44_100, 2],
      [44_100, 2],
    ],
    ['whose channels are listed one by one', LC_48_BY_ELEMENTS, [44_100, 6], [48_000, 6]],
    ['whose configuration nobody can read', '17', [44_100, 2], [44_100, 2]],
  ] as const)(
    '%s: has the rate and the channels that are heard',
    (_, configuration, [saidHz, saidChannels], heard) => {
      const { description } = trackWith(streamOf(configuration, saidHz, saidChannels));
      expect([description?.info.sampleRateHz, description?.info.channels]).toEqual(heard);
      expect(description?.timescale).toBe(heard[0]);
    },
  );

  it('keeps the times of what was announced with another rate', () => {
    const packet: NutPacket = {
      stream: 0,
      dts: 44_100,
      offset: 0,
      keyframe: true,
      data: Buffer.from([1]),
      extradata: undefined,
    };
    expect(trackWith(streamOf(LC_48_MONO, 44_100, 2)).next(packet)?.dts).toBe(48_000);
  });
});
