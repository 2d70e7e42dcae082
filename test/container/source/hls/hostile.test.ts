import { expect, it } from 'vitest';
import { HlsForTests } from '../../../support/hlsForTests.ts';
import { playlist } from '../../../support/hlsMedia.ts';
import type { Handler } from '../../../support/hlsSite.ts';
import { describeWith } from '../../../support/tools.ts';

const SETTINGS = { idleTimeoutMs: 2_000, openTimeoutMs: 6_000 };
const MEBIBYTE = Buffer.alloc(1024 * 1024, '#EXT-X-SOMETHING:1\n');

/** Sends without end, for as long as somebody reads. @returns how much was taken, in bytes */
function endless(head: string, chunk: Buffer): { readonly handler: Handler; readonly sent: () => number } {
  let sent = 0;
  const handler: Handler = (_request, response) => {
    response.write(head);
    const more = (): void => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) break;
      }
    };
    response.on('drain', more);
    more();
  };
  return { handler, sent: () => sent };
}

describeWith(['ffmpeg'], 'an HLS source that is damaged, or means harm', () => {
  const hls = new HlsForTests();

  it.concurrent.each<[string, string, string]>([
    [
      'no playlist behind its variants',
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/nowhere.m3u8\n',
      'source_not_found',
    ],
    [
      'a key of a wrong size',
      playlist('#EXT-X-KEY:METHOD=AES-128,URI="/short.key"', '#EXTINF:1,', '/any.ts', '#EXT-X-ENDLIST'),
      'source_not_media',
    ],
    [
      'SAMPLE-AES',
      playlist('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/short.key"', '#EXTINF:1,', '/any.ts', '#EXT-X-ENDLIST'),
      'source_not_media',
    ],
    ['segments that are pages', playlist('#EXTINF:1,', '/page.html', '#EXT-X-ENDLIST'), 'source_not_media'],
    ['empty segments', playlist('#EXTINF:1,', '/empty.ts', '#EXT-X-ENDLIST'), 'source_not_media'],
    ['a redirect that has no end', playlist('#EXTINF:1,', '/loop', '#EXT-X-ENDLIST'), 'source_failed'],
    [
      'playlists inside of playlists',
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/inside.m3u8\n',
      'source_not_media',
    ],
    ['no segments at all', playlist('#EXT-X-ENDLIST'), 'source_empty'],
  ])('with %s says so', async (what, body, code) => {
    hls.site.put('/short.key', 'short');
    hls.site.put('/any.ts', Buffer.alloc(16));
    hls.site.put('/page.html', '<html><body>Sorry</body></html>');
    hls.site.put('/empty.ts', '');
    hls.site.put('/loop', (_request, response) => {
      response.writeHead(302, { location: '/loop' }).end();
    });
    hls.site.put('/inside.m3u8', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/inside.m3u8\n');
    const path = `/${what.replaceAll(/\W/g, '')}.m3u8`;
    hls.site.put(path, body);
    const { reason } = await hls.bench.record(hls.site.origin + path, SETTINGS);
    expect(reason.code).toBe(code);
    if (what === 'SAMPLE-AES') {
      expect(reason.message).toBe('The source is encrypted with SAMPLE-AES, which cannot be recorded.');
    }
    // Nothing is asked for again and again.
    expect(hls.site.times('/loop')).toBeLessThan(70);
  });

  it.concurrent('with a playlist without end is refused, and no more of it is read', async () => {
    const { handler, sent } = endless('#EXTM3U\n#EXT-X-TARGETDURATION:1\n', MEBIBYTE);
    hls.site.put('/endless.m3u8', handler);
    const { reason } = await hls.bench.record(`${hls.site.origin}/endless.m3u8`, SETTINGS);
    expect(reason).toMatchObject({
      code: 'source_not_media',
      message: 'The source has a playlist of more than 8 MiB.',
    });
    expect(sent()).toBeLessThan(24 * 1024 * 1024);
  });

  it.concurrent('with a playlist of zero length that never changes is asked for at most twice a second', async () => {
    hls.site.put('/zero.m3u8', '#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXT-X-MEDIA-SEQUENCE:-7\n');
    const { reason } = await hls.bench.record(`${hls.site.origin}/zero.m3u8`, SETTINGS);
    expect(reason.code).toBe('source_timed_out');
    expect(hls.site.times('/zero.m3u8')).toBeLessThan(20);
  });
});
