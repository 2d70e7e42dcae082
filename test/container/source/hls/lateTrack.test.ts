import { expect, it } from 'vitest';
import { probe } from '../../../support/counterStream.ts';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist, segmentLines } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
const MUTED_SECONDS = 3;
const PACKET_BYTES = 188;
/** Where ffmpeg puts sound behind pictures. */
const SOUND_PID = 0x101;
/** The first track of fragmented MP4. */
const VIDEO_ID = 1;

/** Announced all the same. */
function withoutSound(segment: Buffer): Buffer {
  const packets = Array.from({ length: segment.length / PACKET_BYTES }, (_, i) =>
    segment.subarray(i * PACKET_BYTES, (i + 1) * PACKET_BYTES),
  );
  return Buffer.concat(packets.filter((packet) => (packet.readUInt16BE(1) & 0x1fff) !== SOUND_PID));
}

/** Its init section declares them all the same. */
function withoutPictures(segment: Buffer): Buffer {
  const bytes = Buffer.from(segment);
  for (let at = bytes.indexOf('traf'); at >= 0; at = bytes.indexOf('traf', at + 4))
    if (bytes.readUInt32BE(at + 16) === VIDEO_ID) bytes.write('free', at);
  return bytes;
}

describeWith(['ffmpeg'], 'an HLS source of fragmented MP4', () => {
  const hls = new HlsForTests();

  it('whose pictures begin when ffmpeg looks for them no more has them from their first one on', async () => {
    const darkSeconds = 4;
    const { init, segments } = hls.make({ seconds: SECONDS, type: 'fmp4' });
    hls.site.put('/dark/init.mp4', init ?? Buffer.alloc(0));
    const lines = segments.flatMap((segment, i) => {
      hls.site.put(`/dark/${i}.m4s`, i < darkSeconds ? withoutPictures(segment) : segment);
      return segmentLines(`/dark/${i}.m4s`);
    });
    hls.site.put('/dark.m3u8', playlist(hls.map('dark'), ...lines, END));
    // For sound that is to be encoded ffmpeg begins again, without what has not come.
    const recording = await hls.start('/dark.m3u8', { audioSampleRateHz: 48_000 });
    expect((await recording.reason).code).toBe('source_ended');
    const { parts } = await recording.objects();
    const recorded = [...parts.values()].map(({ final }) => [
      final?.tracks?.map(({ kind }) => kind),
      final?.videoFrames,
      final?.gaps,
    ]);
    const pictures = 25 * (SECONDS - darkSeconds);
    expect(recorded).toEqual([
      [['audio'], 0, undefined],
      [['video', 'audio'], pictures, undefined],
    ]);
  });
});

describeWith(['ffmpeg'], 'an HLS source of MPEG-TS', () => {
  const hls = new HlsForTests();

  it('whose sound begins in a later segment is not fetched again from there on: a live playlist might have it no more', async () => {
    const { segments } = hls.make({ seconds: SECONDS });
    const lines = segments.flatMap((segment, i) => {
      hls.site.put(`/muted/${i}.ts`, i < MUTED_SECONDS ? withoutSound(segment) : segment);
      return segmentLines(`/muted/${i}.ts`);
    });
    const record = await hls.record('muted', lines);
    expectWhole(record, framesOf(0, 25 * SECONDS), 2);
    const { streams } = await probe(record.files[1] ?? '');
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio']);
    const fetched = segments.map((_, i) => hls.site.times(`/muted/${i}.ts`)).slice(MUTED_SECONDS);
    // Its beginning was looked at by a run for nothing, too: the first one, before anybody knew that no sound comes.
    expect(fetched).toEqual([2, 1, 1]);
  });
});
