import { expect, it } from 'vitest';
import { probe } from '../../../support/counterStream.ts';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

/** Half of that passes until a playlist is looked at again that had nothing new: longer than sound waits for pictures. */
const SEGMENT_SECONDS = 3;

describeWith(['ffmpeg'], 'an HLS source with sound in a playlist of its own', () => {
  const hls = new HlsForTests();
  const listOf = (...lines: readonly string[]): string =>
    playlist(...lines).replace('TARGETDURATION:1', `TARGETDURATION:${SEGMENT_SECONDS}`);

  it('that is seen before the pictures of another size which it comes with is in their part', async () => {
    const made = { type: 'fmp4' as const, seconds: 2 * SEGMENT_SECONDS, segmentSeconds: SEGMENT_SECONDS };
    const [first] = hls.put('first-small', { ...made, audio: false });
    const [, second] = hls.put('first-large', { ...made, audio: false, pictureHeight: 100 });
    const [before, after] = hls.put('first-sound', { ...made, video: false });
    const beginning = [hls.map('first-small'), ...(first ?? [])];
    const change = [hls.map('first-large'), ...(second ?? []), END];
    // Theirs has been looked at in vain when all is there.
    let looks = 0;
    hls.site.put('/first-p.m3u8', (_request, response) => {
      looks += 1;
      response.end(listOf(...beginning, ...(looks > 2 ? change : [])));
    });
    hls.site.put('/first-s.m3u8', (_request, response) => {
      const there = [
        hls.map('first-sound'),
        ...(before ?? []),
        ...(looks > 1 ? [...(after ?? []), END] : []),
      ];
      response.end(listOf(...there));
    });
    hls.site.put(
      '/first.m3u8',
      [
        '#EXTM3U',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="sound",URI="/first-s.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180,AUDIO="a"',
        '/first-p.m3u8',
        '',
      ].join('\n'),
    );
    const recording = await hls.start('/first.m3u8');
    const record = await recording.record(hls.folder);
    expectWhole(record, framesOf(0, 25 * made.seconds), 2);
    for (const file of record.files) {
      const { streams } = await probe(file);
      for (const { duration } of streams)
        expect(Math.abs(Number(duration) - SEGMENT_SECONDS)).toBeLessThan(0.1);
    }
  });
});
