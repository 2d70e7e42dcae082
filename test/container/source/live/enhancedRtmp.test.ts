import { expect, it } from 'vitest';
import { NutReader } from '../../../../functions/core/media/nut/reader.ts';
import { startRtmpServer } from '../../../streams/rtmpServer.ts';
import { decoded } from '../../../support/decoding.ts';
import { ENHANCED_CODECS, enhancedFlv, enhancedOpus } from '../../../support/enhancedFlv.ts';
import { AUDIO, type FlvTag, flvTags } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS, beepsArgument } from '../../../support/generated/beeps.ts';
import { beepsIn, framesOf } from '../../../support/generated/shown.ts';
import { nutOf } from '../../../support/liveMedia.ts';
import { frameHashes } from '../../../support/media.ts';
import { sendInTime } from '../../../support/sentTags.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 4;
const SYNC_MS = 45;
/** In a tag's body: from decoding to showing, of three bytes. */
const OFFSET_AT = 5;
const ENCODERS = {
  hevc: [
    ...['-c:v', 'libx265', '-preset', 'ultrafast', '-bf', '2'],
    ...['-x265-params', 'log-level=error:open-gop=0', '-pix_fmt', 'yuv420p'],
  ],
  av1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
} as const;

/** Debian 12's ffmpeg does not know these codecs in FLV yet; the one in the image does (npm run test:image). */
const IS_KNOWN = process.env.RECORDER_FFMPEG !== undefined;
const CASES = [
  ...ENHANCED_CODECS.filter((codec) => codec !== 'vp9' || IS_KNOWN).map(
    (codec) => [codec, 'aac', 44_100] as const,
  ),
  // It is to become 44.1 kHz, and no Opus: where ffmpeg cannot do that, it stays what it is.
  ['hevc', 'aac', 48_000] as const,
  ['hevc', 'opus', 48_000] as const,
];

describeWith(['ffmpeg'], 'enhanced RTMP', () => {
  const folder = folderForTests();
  const bench = benchForTests();

  const aacOf = (beeps: readonly string[], rateHz: number): FlvTag[] =>
    flvTags(
      folder.make(`${rateHz}.flv`, [...beeps, '-c:a', 'aac', '-flvflags', 'no_duration_filesize']),
    ).filter(({ kind }) => kind === AUDIO);
  const opusOf = (beeps: readonly string[]): FlvTag[] => {
    folder.make('sound.ogg', [...beeps, '-c:a', 'libopus']);
    const nut = new NutReader();
    const packets = nut.push(nutOf(folder.file('sound.ogg'), ['0:a:0']));
    return enhancedOpus(nut.stream(0)?.extradata ?? Buffer.alloc(0), packets);
  };

  it.concurrent.each(CASES)(
    'with %s and %s of %i Hz is recorded, each picture and in sync with its sound',
    async (codec, sent, rateHz) => {
      const made = folder.file(`${codec}.mp4`);
      folder.make(`${codec}.mp4`, [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=176x144:rate=25', ...ENCODERS[codec]],
        ...['-g', '25', '-t', String(SECONDS)],
      ]);
      const beeps = ['-f', 'lavfi', '-i', beepsArgument(rateHz), '-t', String(SECONDS)];
      const sound = sent === 'aac' ? aacOf(beeps, rateHz) : opusOf(beeps);
      const pictures = flvTags(enhancedFlv(made, codec));
      // The first one of B-frames is shown later than it is decoded, and sound begins with it.
      const first = pictures[1];
      const firstMs =
        codec === 'hevc' && first !== undefined ? first.atMs + first.body.readIntBE(OFFSET_AT, 3) : 0;
      const tags = [...pictures, ...sound.map((tag) => ({ ...tag, atMs: tag.atMs + firstMs }))].sort(
        (one, other) => one.atMs - other.atMs,
      );
      let connections = 0;
      const server = await startRtmpServer({
        serve: async (listener) => {
          connections += 1;
          if (connections > 1) listener.refuse();
          else {
            listener.begin([], undefined);
            await sendInTime(listener, tags);
            listener.end();
          }
        },
      });
      const { objects, recordingId, reason } = await bench.record(server.url, { reconnectWindowMs: 0 });
      await server.close();
      expect([reason.code, connections, [...objects.parts.keys()]]).toEqual(['source_ended', 1, [1]]);
      const { open, final } = objects.parts.get(1) ?? {};
      const file = folder.write(`${recordingId}.${open?.format}`, await bench.object(final?.key ?? ''));
      const { errors, streams } = await decoded(file);
      expect(errors).toBe('');
      const [video, audio] = (['video', 'audio'] as const).map((one) =>
        streams.find(({ kind }) => kind === one),
      );
      expect([video?.codec, audio?.codec]).toEqual([codec, codec === 'vp9' ? 'opus' : sent]);
      expect(audio?.sampleRateHz).toBe(
        codec === 'vp9' || sent === 'opus' || (rateHz === 48_000 && !IS_KNOWN) ? 48_000 : 44_100,
      );
      expect(await frameHashes(file, 'v')).toEqual(await frameHashes(made, 'v'));
      const offMs = (await framesOf(file))[0]?.ms ?? 0;
      const heard = await beepsIn(file);
      expect(heard).toHaveLength((SECONDS * 1_000) / BEEP_EVERY_MS);
      for (const { ms, number } of heard)
        expect(Math.abs(ms - number * BEEP_EVERY_MS - offMs), `beep ${number}`).toBeLessThan(SYNC_MS);
    },
    180_000,
  );
});
