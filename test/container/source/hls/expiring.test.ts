import { expect, it } from 'vitest';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import type { Handler } from '../../../support/hlsSite.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 7;
/** A session is over after so many answers. */
const ANSWERS = 2;

describeWith(['ffmpeg'], 'an HLS source', () => {
  const hls = new HlsForTests();

  /**
   * A live list that gets a segment longer with each answer, for whoever has the newest session.
   * @returns what begins a session
   */
  function putSessions(name: string): () => string {
    const segments = hls.put(name, { seconds: SECONDS });
    let session = 0;
    let answers = 0;
    let shown = 3;
    hls.site.put(`/${name}/list.m3u8`, ({ url }, response) => {
      answers += 1;
      if (answers > ANSWERS || url !== `/${name}/list.m3u8?session=${session}`) {
        response.writeHead(403).end();
        return;
      }
      const end = shown >= segments.length ? [END] : [];
      response.end(playlist(...segments.slice(0, shown).flat(), ...end));
      shown += 1;
    });
    return () => {
      session += 1;
      answers = 0;
      return `/${name}/list.m3u8?session=${session}`;
    };
  }

  it.concurrent.each<[string, from: number, (begin: () => string) => Handler]>([
    [
      'leads elsewhere',
      // It is looked at before it is followed: it has got longer by then.
      25,
      (begin) => (_request, response) => {
        response.writeHead(302, { location: begin() }).end();
      },
    ],
    [
      'has a list of variants',
      0,
      (begin) => (_request, response) => {
        response.end(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180\n${begin()}\n`);
      },
    ],
  ])(
    'whose address %s, and the address that it gives expires, is asked for another one',
    async (what, from, of) => {
      const name = what.replaceAll(' ', '-');
      hls.site.put(`/${name}.m3u8`, of(putSessions(name)));
      const recording = await hls.start(`/${name}.m3u8`, { reconnectWindowMs: 0 });
      expectWhole(await recording.record(hls.folder), framesOf(from, 25 * SECONDS));
      expect(hls.site.times(`/${name}.m3u8`)).toBeGreaterThanOrEqual(3);
    },
  );

  it.concurrent('that sends a page in the place of its list for a while is asked again', async () => {
    const segments = hls.put('page', { seconds: SECONDS });
    let answers = 0;
    hls.site.put('/page.m3u8', (_request, response) => {
      answers += 1;
      if (answers > 2 && answers < 7) response.end('<html><body>Service Unavailable</body></html>');
      else if (answers <= 2) response.end(playlist(...segments.slice(0, 3).flat()));
      else response.end(playlist(...segments.flat(), END));
    });
    const recording = await hls.start('/page.m3u8', { reconnectWindowMs: 0 });
    expectWhole(await recording.record(hls.folder), framesOf(0, 25 * SECONDS));
  });

  it.concurrent.each([
    ['is empty', ''],
    ['is a page', '<html><body>not yet</body></html>'],
  ])('of which a segment %s at first loses none of it', async (what, content) => {
    const name = what.replaceAll(' ', '-');
    const lines = hls.put(name, { seconds: SECONDS }).flat();
    hls.site.put(`/${name}/late.ts`, (_request, response) => {
      if (hls.site.times(`/${name}/late.ts`) <= 3) response.end(content);
      else response.writeHead(302, { location: `/${name}/3.ts` }).end();
    });
    const late = lines.map((line) => (line === `/${name}/3.ts` ? `/${name}/late.ts` : line));
    expectWhole(await hls.record(name, late), framesOf(0, 25 * SECONDS));
  });
});
