import { expect, it } from 'vitest';
import { waitFor } from '../../../support/children.ts';
import { framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

const SEGMENTS = 3;
const FRAMES = 25 * SEGMENTS;
/** By then ffmpeg has read the segment before them, and does not know that its last picture is whole. */
const RELOADS = 2;

describeWith(['ffmpeg'], 'a live HLS playlist whose recording is stopped', () => {
  const hls = new HlsForTests();

  it.each(['mpegts', 'fmp4'] as const)(
    'is recorded to the last picture of its last segment: %s',
    async (type) => {
      const lines = hls.put(type, { seconds: SEGMENTS, type }).flat();
      hls.site.put(`/${type}.m3u8`, playlist(...(type === 'fmp4' ? [hls.map(type)] : []), ...lines));
      const recording = await hls.start(`/${type}.m3u8`);
      const last = `/${type}/${SEGMENTS - 1}.${type === 'fmp4' ? 'm4s' : 'ts'}`;
      await waitFor('the list to be loaded again behind its last segment', () => {
        const since = hls.site.asked
          .slice(hls.site.asked.indexOf(last))
          .filter((path) => path.endsWith('.m3u8'));
        return (hls.site.asked.includes(last) && since.length > RELOADS) || undefined;
      });
      recording.stop();
      const { reason, counters, errors } = await recording.record(hls.folder);
      expect(reason.code).toBe('stopped');
      expect(counters).toEqual(framesOf(0, FRAMES));
      expect(errors).toBe('');
    },
  );

  it('is recorded as far as its last segment had come', async () => {
    const lines = hls.put('half', { seconds: SEGMENTS }).flat();
    const last = hls.make({ seconds: SEGMENTS }).segments.at(-1) ?? Buffer.alloc(0);
    const path = `/half/${SEGMENTS - 1}.ts`;
    hls.site.put(path, (_request, response) => {
      response.writeHead(200, { 'content-length': last.length });
      response.write(last.subarray(0, last.length / 2));
    });
    hls.site.put('/half.m3u8', playlist(...lines));
    const recording = await hls.start('/half.m3u8');
    await waitFor('its last segment to be asked for', () => hls.site.asked.includes(path) || undefined);
    recording.stop();
    const { counters, errors } = await recording.record(hls.folder);
    expect(counters.length).toBeGreaterThanOrEqual(FRAMES - 25);
    expect(counters).toEqual(framesOf(0, counters.length));
    expect(errors).toBe('');
  });
});
