import { describe, expect, it } from 'vitest';
import type { NutStream } from '../../../../../functions/core/media/nut/header.ts';
import type { Packet } from '../../../../../functions/core/media/tracks/packet.ts';
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

  const frame = (rateIndex: number, dts: number): Packet => ({
    ...{ stream: 0, dts, offset: 0, keyframe: true, extradata: undefined },
    data: Buffer.from([0xff, 0xf1, 0x40 | (rateIndex << 2), 0x40, 0, 0xff, 0xfc, 1, 2, 3]),
  });
  const [HZ_48000, HZ_44100] = [3, 4];
  const timesOf = (packets: readonly Packet[]): number[] => {
    const track = trackWith(streamOf('', 44_100, 1));
    return packets.map((packet) => {
      const sample = track.next(packet);
      return (sample?.dts ?? 0) / (sample?.description.timescale ?? 1);
    });
  };

  it('of frames without times that get another rate, and go back, lasts as long as it is heard', () => {
    const rates = [HZ_44100, HZ_44100, HZ_48000, HZ_48000, HZ_48000, HZ_44100, HZ_44100];
    const times = timesOf(rates.map((rate, i) => frame(rate, 1_024 * i)));
    const lengths = rates.map((rate) => 1_024 / (rate === HZ_48000 ? 48_000 : 44_100));
    let at = 0;
    for (const [i, time] of times.entries()) {
      expect(time).toBeCloseTo(at, 4);
      at += lengths[i] ?? 0;
    }
  });

  it('keeps the times that are sent with frames of another rate', () => {
    const sent = [0, 1_024, 2_048, 2_989, 3_930, 4_870];
    const rates = [HZ_44100, HZ_44100, HZ_48000, HZ_48000, HZ_48000, HZ_48000];
    const times = timesOf(sent.map((dts, i) => frame(rates[i] ?? 0, dts)));
    for (const [i, time] of times.entries()) expect(time).toBeCloseTo((sent[i] ?? 0) / 44_100, 4);
  });

  it('keeps the times of what was announced with another rate', () => {
    const packet: Packet = {
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
