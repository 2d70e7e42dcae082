import { createCipheriv, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 3;
/** Requests that fail; what is gone for good is asked for three times in a row. */
const FAULTS = 5;

describeWith(['ffmpeg'], 'an HLS source of which something cannot be had at first', () => {
  const hls = new HlsForTests();

  function fail(path: string, status: number): void {
    hls.site.fail((asked) => (asked === path && hls.site.times(path) <= FAULTS ? status : undefined));
  }

  /** A master playlist of one variant, of fragmented MP4 in encrypted segments. */
  function put(name: string): void {
    const { init = Buffer.alloc(0), segments } = hls.make({ type: 'fmp4', seconds: SECONDS });
    const key = randomBytes(16);
    hls.site.put(`/${name}/key`, key);
    hls.site.put(`/${name}/init.mp4`, init);
    const lines = segments.flatMap((segment, i) => {
      const iv = Buffer.alloc(16);
      iv.writeUInt32BE(i, 12);
      const cipher = createCipheriv('aes-128-cbc', key, iv);
      hls.site.put(`/${name}/${i}.m4s`, Buffer.concat([cipher.update(segment), cipher.final()]));
      return ['#EXTINF:1,', `/${name}/${i}.m4s`];
    });
    const keyLine = `#EXT-X-KEY:METHOD=AES-128,URI="/${name}/key"`;
    hls.site.put(`/${name}/list.m3u8`, playlist(hls.map(name), keyLine, ...lines, END));
    hls.site.put(`/${name}.m3u8`, `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/${name}/list.m3u8\n`);
  }

  it.concurrent.each([
    ['list.m3u8', 503],
    ['list.m3u8', 404],
    ['init.mp4', 503],
    ['init.mp4', 404],
    ['key', 503],
    ['key', 404],
    ['0.m4s', 404],
  ])('its %s answers %i, is recorded whole', async (file, status) => {
    const name = `${file}-${status}`.replaceAll('.', '-');
    put(name);
    fail(`/${name}/${file}`, status);
    const recording = await hls.start(`/${name}.m3u8`);
    expectWhole(await recording.record(hls.folder), framesOf(0, 25 * SECONDS));
  });

  it.concurrent('the source itself, which is asked for as its server tells of it, is recorded whole', async () => {
    put('later');
    fail('/later.m3u8', 404);
    const { origin } = hls.site;
    // As young all the while, however long the machine takes.
    const requestedAtMs = Date.now() + 24 * 3_600_000;
    const id = await hls.bench.createJob(`${origin}/later.m3u8`, {}, { requestedAtMs });
    expect((await hls.bench.run(id).reason).code).toBe('source_ended');
    const { parts } = await hls.bench.objects(id);
    expect(parts.get(1)?.final).toMatchObject({ videoFrames: 25 * SECONDS });
  });

  it.concurrent('its first segment never can, is recorded from the next one on', async () => {
    put('without');
    hls.site.remove('/without/0.m4s');
    const recording = await hls.start('/without.m3u8');
    const { counters, errors } = await recording.record(hls.folder);
    expect(errors).toBe('');
    expect(counters).toEqual(framesOf(25, 75));
  });

  it.concurrent('its best variant answers 503 for longer, is recorded by the next one', async () => {
    put('smaller');
    hls.site.put('/best.m3u8', (_request, response) => response.writeHead(503).end());
    const variants = ['2', '/best.m3u8', '1', '/smaller/list.m3u8'];
    const lines = variants.map((one) => (one.length === 1 ? `#EXT-X-STREAM-INF:BANDWIDTH=${one}` : one));
    hls.site.put('/two.m3u8', `${['#EXTM3U', ...lines].join('\n')}\n`);
    const recording = await hls.start('/two.m3u8');
    expectWhole(await recording.record(hls.folder), framesOf(0, 25 * SECONDS));
  });

  it.concurrent('nothing ever can, ends with what its server says', async () => {
    put('never');
    hls.site.remove('/never/list.m3u8');
    const { reason } = await hls.bench.record(`${hls.site.origin}/never.m3u8`, { openTimeoutMs: 2_000 });
    expect(reason.code).toBe('source_not_found');
  });
});
