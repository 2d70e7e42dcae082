import { expect, it } from 'vitest';
import type { Recorded } from '../../../support/recorderBench.ts';
import { describeWith } from '../../../support/tools.ts';
import { HostileSource } from './hostileSource.ts';

describeWith(['ffmpeg'], 'a hostile source that sends a playlist', () => {
  const hostile = new HostileSource();
  const list = (...lines: string[]): string =>
    ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:4', ...lines, ''].join('\n');
  const segment = (url: string): string[] => ['#EXTINF:4,', url, '#EXT-X-ENDLIST'];
  const variant = '#EXT-X-STREAM-INF:BANDWIDTH=1000000';
  let served = 0;
  /** Records what is served as a playlist, below a path that no other has. */
  const attack = (body: string, extension = '.m3u8'): Promise<Recorded> => {
    served += 1;
    return hostile.attack(hostile.serve(`/list${served}${extension}`, body));
  };

  it('is told from a good one', async () => {
    expect(await hostile.attack(`${hostile.origin}/good.m3u8`)).toMatchObject({
      reason: { code: 'source_ended' },
    });
  });

  it.concurrent.each<[string, () => string]>([
    ['a segment', () => list(...segment(hostile.evil('/a.ts')))],
    ['a segment over TLS', () => list(...segment(`https://127.0.0.2:${hostile.canary.port}/a.ts`))],
    ['a later segment', () => list('#EXTINF:4,', '/good.ts', ...segment(hostile.evil('/a.ts')))],
    ['a key', () => list(`#EXT-X-KEY:METHOD=AES-128,URI="${hostile.evil('/key')}"`, ...segment('/good.ts'))],
    [
      'an encrypted segment',
      () => list('#EXT-X-KEY:METHOD=AES-128,URI="/key"', ...segment(hostile.evil('/a.ts'))),
    ],
    ['a map', () => list(`#EXT-X-MAP:URI="${hostile.evil('/init.mp4')}"`, ...segment('/good.ts'))],
    ['a variant', () => list(variant, hostile.evil('/list.m3u8'))],
    ['a name', () => list(...segment(`http://evil.test:${hostile.canary.port}/a.ts`))],
    ['a decimal address', () => list(...segment(`http://2130706434:${hostile.canary.port}/a.ts`))],
    ['a mapped address', () => list(...segment(`http://[::ffff:7f00:2]:${hostile.canary.port}/a.ts`))],
    ['a redirected segment', () => list(...segment('/to-evil.ts'))],
    [
      'a rendition',
      () =>
        list(
          `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="${hostile.evil('/audio.m3u8')}"`,
          `${variant},AUDIO="a"`,
          '/good.m3u8',
        ),
    ],
  ])('with %s where it may not be is refused', async (_what, body) => {
    hostile.serve('/key', Buffer.alloc(16, 1));
    hostile.redirect('/to-evil.ts', 302, hostile.evil('/a.ts'));
    hostile.expectForbidden(await attack(body()), /^The source is at an address/);
  });

  it.concurrent.each([
    'file:///etc/passwd',
    '/etc/passwd',
    'file:/etc/passwd',
    'concat:/etc/passwd|/etc/hosts',
    'concat:file:///etc/passwd',
    'subfile,,start,0,end,100,,:/etc/passwd',
    'data:text/plain,root:x:0:0',
    'crypto:file:///etc/passwd',
    'crypto+file:///etc/passwd',
    'async:file:///etc/passwd',
    'cache:http://127.0.0.2/a.ts',
    'tcp://127.0.0.2:80/a.ts',
    'tls://127.0.0.2:443/a.ts',
    'rtmp://127.0.0.2/live/a.ts',
    'udp://127.0.0.2:80',
    'unix:/etc/passwd',
  ])('with a segment, a key and a map %s gives nothing', async (url) => {
    for (const body of [
      list(...segment(url)),
      list(`#EXT-X-KEY:METHOD=AES-128,URI="${url}"`, ...segment('/good.ts')),
      list(`#EXT-X-MAP:URI="${url}"`, ...segment('/missing.mp4')),
      list(variant, url),
    ]) {
      const recorded = await attack(body);
      expect(recorded.reason.code).toMatch(/^source_/);
      expect(hostile.canary.heard).toEqual([]);
    }
  });

  it.concurrent('with the protocol that ffmpeg speaks with proxies is refused', async () => {
    for (const prefix of ['', 'crypto+', 'crypto:']) {
      const recorded = await attack(list(...segment(`${prefix}httpproxy://127.0.0.1:9/a.ts`)));
      hostile.expectForbidden(recorded, /^The source leads to a protocol that is not allowed\.$/);
    }
  });

  it.concurrent.each([
    [
      'SDP',
      'v=0\no=- 0 0 IN IP4 127.0.0.2\ns=x\nc=IN IP4 127.0.0.2\nt=0 0\nm=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    ],
    ['ffconcat', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['a DASH manifest', dashManifest()],
    ['a playlist of another kind', '[playlist]\nFile1=/etc/passwd\n'],
    ['a file', 'root:x:0:0:root:/root:/bin/bash\n'],
  ])('of another kind, %s, gives nothing', async (_what, body) => {
    const recorded = await attack(body.replaceAll('PORT', String(hostile.canary.port)), '');
    expect(recorded.reason.code).toBe('source_not_media');
    expect(hostile.canary.heard).toEqual([]);
  });

  it('got nothing of this machine into any object', async () => {
    await hostile.expectNothingTaken();
  });
});

function dashManifest(): string {
  return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000"><BaseURL>http://127.0.0.2:PORT/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`;
}
