import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvPacketReader } from '../../../../../functions/core/media/flv/packetReader.ts';
import { NutReader } from '../../../../../functions/core/media/nut/reader.ts';
import type { Packet, PacketReader } from '../../../../../functions/core/media/tracks/packet.ts';
import { FLV_HEADER, type FlvTag, flvTags, isMedia, VIDEO, writeFlv } from '../../../../support/flvTags.ts';
import { nutOf } from '../../../../support/liveMedia.ts';
import { MediaFolder } from '../../../../support/media.ts';
import { describeWith } from '../../../../support/tools.ts';

const CODECS = ['h264', 'aac'] as const;
/** Frame type and codec of a keyframe of H.264, and of a picture that is none. */
const KEY = 0x17;
const INTER = 0x27;

const PICTURES: Readonly<Record<string, readonly string[]>> = {
  'pictures in another order than they are shown': ['-bf', '2', '-g', '25'],
  'open groups of pictures': ['-bf', '2', '-g', '12', '-x264-params', 'open-gop=1:keyint=12:scenecut=0'],
  'a picture that is refreshed bit by bit': ['-x264-params', 'intra-refresh=1:keyint=25:bframes=0'],
  'keyframes that only need no other': ['-bf', '0', '-refs', '1', '-g', '250', '-force_key_frames', '1,2'],
  'pixels that are no squares': ['-vf', 'setsar=16/11', '-g', '25'],
  'a picture in several slices': ['-x264-params', 'slices=4:keyint=25', '-bf', '0'],
};

const said = (packets: readonly Packet[]) =>
  CODECS.map((_, stream) =>
    packets
      .filter((packet) => packet.stream === stream)
      .map(({ dts, offset, keyframe, data, extradata }) => ({
        dts,
        offset,
        keyframe,
        data: createHash('md5').update(data).digest('hex'),
        extradata: extradata?.toString('hex'),
      })),
  );

const streamsOf = (reader: PacketReader) =>
  CODECS.map((_, index) => {
    const stream = reader.stream(index);
    if (stream === undefined) return undefined;
    const { extradata, width, height, sampleRateHz, channels } = stream;
    const shape = stream.pixelWidth / Math.max(1, stream.pixelHeight);
    return { extradata: extradata.toString('hex'), width, height, sampleRateHz, channels, shape: shape || 1 };
  });

describeWith(['ffmpeg'], 'packets of FLV, read without ffmpeg', () => {
  const folder = new MediaFolder();
  let tags: FlvTag[];
  afterAll(() => folder.remove());

  const make = (name: string, args: readonly string[], size = '160x96'): FlvTag[] => {
    const bytes = folder.make(name, [
      ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=3`],
      ...['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=3', '-ac', '2'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args, '-c:a', 'aac'],
    ]);
    return flvTags(bytes).filter(isMedia);
  };

  beforeAll(() => {
    tags = make('plain.flv', ['-bf', '2', '-g', '25']);
  });

  /** Both readers, of the same. */
  const bothOf = (name: string, sent: readonly FlvTag[]) => {
    const file = folder.write(name, Buffer.concat([FLV_HEADER, writeFlv(sent)]));
    const nut = new NutReader();
    const ofNut = nut.push(nutOf(file));
    const flv = new FlvPacketReader(CODECS);
    // It is read into memory of its own: packets are views.
    return { nut, ofNut, flv, ofFlv: flv.push(Buffer.from(readFileSync(file))) };
  };

  it.each(Object.keys(PICTURES))('%s: they are those that ffmpeg gives, to the unit', (name) => {
    const sent = make(`${name}.flv`, PICTURES[name] ?? []);
    const { nut, ofNut, flv, ofFlv } = bothOf(`${name}-sent.flv`, sent);
    expect(ofFlv.length).toBeGreaterThan(200);
    expect(ofFlv.filter(({ stream, keyframe }) => stream === 0 && keyframe).length).toBeGreaterThan(1);
    expect(said(ofFlv)).toEqual(said(ofNut));
    expect(streamsOf(flv)).toEqual(streamsOf(nut));
  });

  it('keyframes are known by what is in them, whatever the publisher has marked', () => {
    const marked = (first: number): FlvTag[] =>
      tags.map((tag) =>
        tag.kind === VIDEO && tag.body[1] === 1
          ? { ...tag, body: Buffer.concat([Buffer.of(first), tag.body.subarray(1)]) }
          : tag,
      );
    const keyframes = (packets: readonly Packet[]): number =>
      packets.filter(({ stream, keyframe }) => stream === 0 && keyframe).length;
    for (const first of [KEY, INTER]) {
      const { ofNut, ofFlv } = bothOf(`marked-${first}.flv`, marked(first));
      expect(keyframes(ofFlv)).toBe(3);
      expect(said(ofFlv)).toEqual(said(ofNut));
    }
  });

  it('a new configuration comes with the next packet, and one that is sent again is none', () => {
    const other = make('other.flv', ['-bf', '0', '-g', '25'], '320x180');
    const later = other.map((tag) => ({ ...tag, atMs: tag.atMs + 3_000 }));
    const { ofNut, ofFlv } = bothOf('changed.flv', [...tags, ...tags.slice(0, 2), ...later]);
    expect(ofFlv.filter(({ extradata }) => extradata !== undefined).map(({ stream }) => stream)).toEqual([0]);
    // ffmpeg gives those as well that were known.
    const changes = said(ofNut)[0]?.flatMap(({ extradata }) => extradata ?? []);
    expect(changes?.at(-1)).toBe(ofFlv.flatMap(({ extradata }) => extradata?.toString('hex') ?? []).at(-1));
  });

  it('what is damaged is left out or given as it came, and nothing is thrown', () => {
    const bytes = Buffer.concat([FLV_HEADER, writeFlv(tags.slice(0, 40))]);
    const place = fc.integer({ min: 0, max: bytes.length - 1 });
    const damage = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { maxLength: 30 });
    fc.assert(
      fc.property(damage, place, (changes, end) => {
        const damaged = Buffer.from(bytes.subarray(0, end));
        for (const [at, value] of changes) if (at < end) damaged[at] = value;
        for (const { data } of new FlvPacketReader(CODECS).push(damaged))
          expect(data.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('tags that hold nothing', () => {
  it.each([
    ['a command to the player', Buffer.of(0x57, 0)],
    ['the end of a sequence', Buffer.of(KEY, 2, 0, 0, 0)],
    ['a picture without a byte', Buffer.of(KEY, 1, 0, 0, 0)],
    ['half a header', Buffer.of(KEY, 1)],
  ])('%s is no packet', (_, body) => {
    const reader = new FlvPacketReader(['h264']);
    expect(reader.push(writeFlv([{ kind: VIDEO, atMs: 0, body }]))).toEqual([]);
  });
});
