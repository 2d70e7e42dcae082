import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NutReader } from '../../../../functions/core/media/nut/reader.ts';
import { VIDEO_TIMESCALE } from '../../../../functions/core/media/nut/times.ts';
import { MediaError } from '../../../../functions/core/media/types.ts';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { FLV_HEADER, type FlvTag, flvTags, isConfiguration, writeFlv } from '../../../support/flvTags.ts';
import { fragmentsOf, liveMedia, nutOf, partsOf } from '../../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
const AUDIO = 8;
const VIDEO = 9;
/** The second byte of a tag that has one: neither a configuration nor the end. */
const FRAME = 1;
const FOUND = [
  { kind: 'video', codec: 'h264' },
  { kind: 'audio', codec: 'aac', sampleRateHz: 44_100 },
] as const;

/** Of each picture, in ms, in the order shown. */
function shownAt(file: string): number[] {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'packet=pts_time',
    '-of',
    'json',
    file,
  ];
  const { packets } = JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8' })) as {
    packets: { pts_time: string }[];
  };
  return packets.map(({ pts_time: seconds }) => 1_000 * Number(seconds)).sort((one, other) => one - other);
}

describeWith(['ffmpeg'], 'tracks of a live source', () => {
  const folder = new MediaFolder();
  let tags: FlvTag[];
  let other: FlvTag[];

  beforeAll(() => {
    const make = (name: string, rateHz: number, size: string): FlvTag[] =>
      flvTags(
        folder.pipe(name, [
          ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${SECONDS}`],
          ...['-f', 'lavfi', '-i', `sine=sample_rate=${rateHz}:duration=${SECONDS}`],
          ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '2'],
          ...['-c:a', 'aac', '-flvflags', 'no_duration_filesize', '-f', 'flv'],
        ]),
      ).filter(({ kind }) => kind === AUDIO || kind === VIDEO);
    tags = make('source.flv', 44_100, '320x180');
    other = make('other.flv', 48_000, '640x360');
  });
  afterAll(() => folder.remove());

  const nutOfTags = (name: string, all: readonly FlvTag[]): Buffer => {
    folder.write(name, Buffer.concat([FLV_HEADER, writeFlv(all)]));
    return nutOf(folder.file(name));
  };

  describe.each(['mp4', 'mkv', 'ts'] as const)('in %s', (format) => {
    const record = async (name: string, all: readonly FlvTag[]) => {
      const parts = partsOf(nutOfTags(`${name}.flv`, all), FOUND, format);
      const files: string[] = [];
      for (const [place, part] of parts.entries())
        for (const bytes of [part.begun, part.finished()]) {
          const file = folder.write(`${name}-${files.length}-${place}.${format}`, bytes);
          expect(await decodeErrors(file)).toBe('');
          files.push(file);
        }
      return files;
    };
    const videoStart = async (file: string): Promise<number> => {
      const { streams } = await probe(file);
      const startOf = (type: string): number =>
        Number(streams.find(({ codec_type }) => codec_type === type)?.start_time);
      return startOf('video') - startOf('audio');
    };

    it('has every picture and all sound of the source, in sync', async () => {
      const files = await record('whole', tags);
      expect(files).toHaveLength(2);
      const source = folder.file('whole.flv');
      for (const file of files) {
        for (const kind of ['v', 'a'] as const)
          expect(await frameHashes(file, kind)).toEqual(await frameHashes(source, kind));
        expect(Math.abs((await videoStart(file)) - (await videoStart(source)))).toBeLessThan(0.001);
      }
    });

    it('has all pictures when sound is announced and never comes, and then no such track', async () => {
      const files = await record(
        'muted',
        tags.filter((tag) => tag.kind === VIDEO || isConfiguration(tag)),
      );
      const finished = files.at(-1) ?? '';
      expect(await frameHashes(finished, 'v')).toEqual(await frameHashes(folder.file('source.flv'), 'v'));
      if (format === 'mp4') expect((await probe(finished)).streams).toHaveLength(1);
    });

    it('has sound that begins late where it belongs', async () => {
      const files = await record(
        'late',
        tags.filter((tag) => tag.kind === VIDEO || isConfiguration(tag) || tag.atMs > 3_000),
      );
      // Until it is finished an MP4 has silence where a player would wait for sound (fragmentIndex/records.test.ts).
      for (const file of format === 'mp4' ? files.slice(1) : files) {
        const late = -(await videoStart(file));
        expect(late).toBeGreaterThan(2.9);
        expect(late).toBeLessThan(3);
      }
    });

    it('goes on in another part, with all of both, when sound gets another rate', async () => {
      const configuration = other.find((tag) => tag.kind === AUDIO && isConfiguration(tag));
      if (configuration === undefined) throw new Error('there is no sound');
      const changed = [
        ...tags.filter((tag) => tag.kind === VIDEO || tag.atMs < 2_500),
        { ...configuration, atMs: 2_500 },
        ...other.filter((tag) => tag.kind === AUDIO && !isConfiguration(tag) && tag.atMs >= 2_500),
      ].sort((one, another) => one.atMs - another.atMs);
      const files = await record('rate', changed);
      const finished = files.filter((_, place) => place % 2 === 1);
      const pictures = await Promise.all(finished.map((file) => frameHashes(file, 'v')));
      expect(pictures.flat()).toEqual(await frameHashes(folder.file('source.flv'), 'v'));
      if (format === 'ts') return;
      expect(finished).toHaveLength(2);
      const rates = await Promise.all(
        finished.map(
          async (file) =>
            (await probe(file)).streams.find(({ codec_type }) => codec_type === 'audio')?.sample_rate,
        ),
      );
      expect(rates).toEqual(['44100', '48000']);
    });

    it('goes on in another part, without a lost frame, when pictures get another size', async () => {
      const changed = [
        ...tags.filter(({ atMs }) => atMs < 3_000),
        ...other
          .filter((tag) => isConfiguration(tag) && tag.kind === VIDEO)
          .map((tag) => ({ ...tag, atMs: 3_000 })),
        ...other.filter((tag) => tag.kind === VIDEO && tag.atMs >= 3_000 && !isConfiguration(tag)),
      ];
      const files = await record('size', changed);
      if (format === 'ts') return;
      expect(files).toHaveLength(4);
      const counts = await Promise.all(
        [files[1], files[3]].map(async (file) => (await frameHashes(file ?? '', 'v')).length),
      );
      expect(counts).toEqual([75, 75]);
    });
  });

  it('has a first fragment of a quarter of a second, with all tracks, which is soon safe', () => {
    const fragments = fragmentsOf(liveMedia(FOUND, 'mp4'), nutOfTags('first.flv', tags));
    const [first, second, ...others] = fragments.map(({ startMs, endMs }) => endMs - startMs);
    expect(first).toBeGreaterThanOrEqual(250);
    expect(first).toBeLessThan(400);
    // To the next keyframe, a second after the first one.
    expect(second).toBeLessThan(900);
    expect(others.length).toBeGreaterThan(3);
    const [part] = partsOf(nutOfTags('first.flv', tags), FOUND, 'mp4');
    expect(part?.muxer.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  });

  it("has the source's own times, also those that jump back", () => {
    const reader = new NutReader();
    const jumping = tags.map((tag) => ({ ...tag, atMs: tag.atMs < 3_000 ? tag.atMs + 100_000 : tag.atMs }));
    const packets = reader.push(nutOfTags('back.flv', jumping));
    const times = packets
      .filter(({ stream }) => stream === 0)
      .map(({ dts }) => Math.round((dts * 1_000) / VIDEO_TIMESCALE));
    const wanted = jumping
      .filter((tag) => tag.kind === VIDEO && tag.body[1] === FRAME)
      .map(({ atMs }) => atMs);
    const [first = 0] = times;
    const [firstWanted = 0] = wanted;
    // ffmpeg counts from when the source was joined.
    expect(times.map((time) => time - first)).toEqual(wanted.map((time) => time - firstWanted));
  });

  it.each(['mp4', 'mkv', 'ts'] as const)(
    'in %s, shows pictures when it says, also before it says they are decoded',
    async (format) => {
      const lateMs = 80;
      const early = tags.map((tag) => {
        if (tag.kind !== VIDEO || tag.body[1] !== FRAME) return tag;
        const body = Buffer.from(tag.body);
        body.writeIntBE(body.readIntBE(2, 3) - lateMs, 2, 3);
        return { ...tag, body, atMs: tag.atMs + lateMs };
      });
      const timesIn = async (name: string, all: readonly FlvTag[]): Promise<number[]> => {
        const parts = partsOf(nutOfTags(`${name}.flv`, all), FOUND, format);
        const file = folder.write(`${name}.${format}`, Buffer.concat(parts.map((part) => part.finished())));
        expect(await decodeErrors(file)).toBe('');
        return shownAt(file).map((ms, _, [first = 0]) => Math.round(ms - first));
      };
      const times = await timesIn(`early-${format}`, early);
      expect(times).toHaveLength(SECONDS * 25);
      expect(times).toEqual(await timesIn(`right-${format}`, tags));
    },
  );

  it('shows a first picture at zero of which is known only how long before it is decoded, as of RTSP', () => {
    folder.make('untimed.h264', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=1', '-c:v', 'libx264'],
      ...['-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-x264-params', 'b-adapt=0'],
    ]);
    const [first] = new NutReader().push(nutOf(folder.file('untimed.h264'), ['0:v:0']));
    expect(first?.dts).toBe(-0.08 * VIDEO_TIMESCALE);
    expect(first?.offset).toBe(0.08 * VIDEO_TIMESCALE);
  });

  it('begins when its first bytes came, however far off pictures are stamped that come before anything is cut', () => {
    const isStray = ({ kind, atMs }: FlvTag): boolean => kind === VIDEO && atMs > 1_010 && atMs < 1_100;
    // Hours before: FLV's times are counted modulo this.
    const farMs = 2 ** 32 - 30_000_000;
    const strays = tags.map((tag) => (isStray(tag) ? { ...tag, atMs: tag.atMs + farMs } : tag));
    const zeroAt = (name: string, sent: readonly FlvTag[]): number => {
      const media = liveMedia(FOUND, 'mp4', undefined, 1_000_000);
      media.push(0, nutOfTags(name, sent), 1_000_000 + SECONDS * 1_000);
      return media.zeroAtMs;
    };
    expect(strays.filter(isStray)).toEqual([]);
    expect(strays).not.toEqual(tags);
    expect(zeroAt('strays.flv', strays)).toBe(zeroAt('plain.flv', tags));
  });

  it('gives the same packets however the bytes are split, and refuses damage with a MediaError alone', () => {
    const nut = nutOfTags(
      'split.flv',
      tags.filter(({ atMs }) => atMs < 1_500),
    );
    const read = (bytes: Buffer, sizes: readonly number[]): string[] => {
      const reader = new NutReader();
      const found: string[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        for (const { data, dts, offset, keyframe, stream } of reader.push(bytes.subarray(at, at + size)))
          found.push([stream, dts, offset, keyframe, data.toString('base64')].join());
        at += size;
      }
      return found;
    };
    const whole = read(nut, [nut.length]);
    expect(whole.length).toBeGreaterThan(50);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(read(nut, sizes)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3_000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        (damages) => {
          const bytes = Buffer.from(nut);
          for (const [at, byte] of damages) bytes[at % bytes.length] = byte;
          try {
            read(bytes, [bytes.length]);
          } catch (error) {
            expect(error).toBeInstanceOf(MediaError);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
