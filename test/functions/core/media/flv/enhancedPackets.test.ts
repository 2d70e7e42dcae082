import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { FlvPacketReader } from '../../../../../functions/core/media/flv/packetReader.ts';
import { FlvStreams } from '../../../../../functions/core/media/flv/streams.ts';
import { NutReader } from '../../../../../functions/core/media/nut/reader.ts';
import type { Packet, PacketReader } from '../../../../../functions/core/media/tracks/packet.ts';
import { enhancedFlv, enhancedOpus } from '../../../../support/enhancedFlv.ts';
import { writeFlv } from '../../../../support/flvTags.ts';
import { nutOf } from '../../../../support/liveMedia.ts';
import { MediaFolder } from '../../../../support/media.ts';
import { describeWith } from '../../../../support/tools.ts';

type Codec = 'hevc' | 'av1';
const hevc = (params: string, ...args: string[]): readonly string[] => [
  ...['-c:v', 'libx265', '-preset', 'superfast', '-pix_fmt', 'yuv420p', ...args],
  ...['-x265-params', `log-level=none:keyint=25:min-keyint=25:pools=1:frame-threads=1:${params}`],
];

const PICTURES: Readonly<Record<string, readonly [codec: Codec, args: readonly string[]]>> = {
  'HEVC, in another order than it is shown': ['hevc', hevc('bframes=3:open-gop=0')],
  'HEVC, open groups of pictures': ['hevc', hevc('bframes=3:open-gop=1')],
  'HEVC, a picture in several slices': ['hevc', hevc('bframes=0:slices=4')],
  'HEVC, pixels that are no squares': ['hevc', hevc('bframes=2', '-vf', 'setsar=16/11')],
  'HEVC, pixels of a shape without a number': [
    'hevc',
    hevc('scaling-list=default:temporal-layers=1', '-vf', 'setsar=7/5'),
  ],
  'AV1, of libaom': ['av1', ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '25']],
  'AV1, with the times of its pictures': [
    'av1',
    [
      ...['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '25'],
      ...['-bsf:v', 'av1_metadata=tick_rate=25:num_ticks_per_picture=1'],
    ],
  ],
  'AV1, of libaom, with pictures that are not shown': [
    'av1',
    ['-c:v', 'libaom-av1', '-cpu-used', '8', '-g', '25', '-lag-in-frames', '19'],
  ],
  'AV1, of SVT': ['av1', ['-c:v', 'libsvtav1', '-preset', '12', '-g', '25', '-pix_fmt', 'yuv420p']],
};

/** The first one is at zero: an MP4 may begin below it. */
const said = (packets: readonly Packet[]) =>
  packets.map(({ dts, offset, keyframe, data, extradata }) => ({
    dts: dts - (packets[0]?.dts ?? 0),
    offset,
    keyframe,
    data: createHash('md5').update(data).digest('hex'),
    extradata: extradata?.toString('hex'),
  }));

function streamOf(reader: PacketReader) {
  const stream = reader.stream(0);
  if (stream === undefined) return undefined;
  const { extradata, width, height } = stream;
  return { extradata: extradata.toString('hex'), width, height, shape: shapeOf(stream) };
}

const shapeOf = ({ pixelWidth, pixelHeight }: { pixelWidth: number; pixelHeight: number }): number =>
  pixelWidth / Math.max(1, pixelHeight) || 1;

describeWith(['ffmpeg'], 'packets of enhanced RTMP, read without ffmpeg', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  const make = (name: string, [codec, args]: readonly [Codec, readonly string[]]): Buffer => {
    folder.make(`${name}.mp4`, [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25:duration=3', ...args],
    ]);
    return enhancedFlv(folder.file(`${name}.mp4`), codec);
  };

  it.each(Object.keys(PICTURES))('%s: they are those that ffmpeg gives of an MP4, to the unit', (name) => {
    const made = PICTURES[name] ?? ['hevc', []];
    const bytes = make(name, made);
    const nut = new NutReader();
    const ofNut = nut.push(nutOf(folder.file(`${name}.mp4`), ['0:v:0']));
    const flv = new FlvPacketReader([made[0]]);
    const ofFlv = flv.push(bytes);
    expect(ofFlv).toHaveLength(75);
    expect(ofFlv.filter(({ keyframe }) => keyframe)).toHaveLength(3);
    expect(said(ofFlv)).toEqual(said(ofNut));
    expect(streamOf(flv)).toEqual(streamOf(nut));
  });

  it.each(['2.5', '10', '20', '60'])('Opus in frames of %s ms: they are those that ffmpeg gives', (ms) => {
    folder.make(`${ms}.ogg`, [
      ...['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=2', '-ac', '2'],
      ...['-c:a', 'libopus', '-frame_duration', ms],
    ]);
    const nut = new NutReader();
    const ofNut = nut.push(nutOf(folder.file(`${ms}.ogg`), ['0:a:0']));
    const header = nut.stream(0)?.extradata ?? Buffer.alloc(0);
    const tags = enhancedOpus(header, ofNut);
    const flv = new FlvPacketReader(['opus']);
    const ofFlv = flv.push(writeFlv(tags));
    expect(flv.stream(0)).toMatchObject({ extradata: header, sampleRateHz: 48_000, channels: 2 });
    const bytes = (packets: readonly Packet[]) => said(packets).map(({ data }) => data);
    expect(bytes(ofFlv)).toEqual(bytes(ofNut));
    // What is before zero has been sent with it.
    const behind = ofNut.findIndex(({ dts }) => dts >= 0) + 2;
    expect(said(ofFlv.slice(behind))).toEqual(said(ofNut.slice(behind)));
  });

  it.each(['HEVC, in another order than it is shown', 'AV1, of SVT'])(
    '%s: what is damaged is left out or given as it came, and nothing is thrown',
    (name) => {
      const made = PICTURES[name] ?? ['hevc', []];
      const bytes = make(name, made);
      // Half of it in the configuration, which is first.
      const place = fc.oneof(
        fc.integer({ min: 13, max: 200 }),
        fc.integer({ min: 13, max: bytes.length - 1 }),
      );
      const damage = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { maxLength: 30 });
      fc.assert(
        fc.property(damage, place, (changes, end) => {
          const damaged = Buffer.from(bytes.subarray(0, end));
          for (const [at, value] of changes) if (at < end) damaged[at] = value;
          const streams = new FlvStreams();
          streams.push(damaged);
          for (const { data } of new FlvPacketReader([made[0]]).push(damaged))
            expect(data.length).toBeGreaterThan(0);
        }),
        { numRuns: 300 },
      );
    },
  );
});
