import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from '../api/support.ts';
import { waitFor } from '../support/children.ts';
import { counterStreamArgs } from '../support/counterStream.ts';
import { HttpSource } from '../support/httpSource.ts';
import { MediaFolder } from '../support/media.ts';
import { describeWith } from '../support/tools.ts';

const WAIT_MS = 120_000;
const FPS = 10;
/** Nobody waits for its end: it is stopped. */
const SECONDS = 90;

interface Answered {
  readonly status: string;
  readonly parts: { readonly part: number; readonly download?: { readonly url: string } }[];
  readonly play?: { readonly hls: { readonly url: string; readonly live: boolean } };
}

/** A hash of every packet of pictures. */
async function packetsOf(input: string, options: readonly string[] = []): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ffmpeg', [
    ...['-v', 'error', '-nostdin', ...options, '-i', input, '-map', '0:v:0', '-c', 'copy'],
    ...['-f', 'framehash', '-hash', 'md5', '-'],
  ]);
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(',')[5]?.trim() ?? '');
}

describeWith(['ffmpeg'], 'a recording that goes on', () => {
  const folder = new MediaFolder();
  let api: TestApi;
  let source: HttpSource;

  beforeAll(async () => {
    api = await TestApi.start({ launchDelayMs: 0 });
    const args = counterStreamArgs({ fps: FPS, keyframeEvery: FPS }).filter((arg) => arg !== '-re');
    const flv = folder.pipe('source.flv', [
      ...args,
      ...['-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    source = await HttpSource.start(flv, { bytesPerSecond: flv.length / SECONDS });
  }, WAIT_MS);
  afterAll(async () => {
    await api.close();
    await source.close();
    folder.remove();
  });

  it(
    'is watched from its first frame to its last, over a new part, as it is recorded',
    async () => {
      const { body: started } = await api.call('POST', '/recordings', {
        body: { sourceUrl: source.url, streamName: 'camera', config: { reconnectWindow: 0 } },
      });
      const route = `/recordings/${String(started.recordingId)}`;
      const now = async () => (await api.call('GET', route)).body as unknown as Answered;
      const { url, live } = await waitFor('the link', async () => (await now()).play?.hls);
      expect(live).toBe(true);
      const list = async (name: string) => (await fetch(new URL(name, url))).text();
      expect(await list('stream.m3u8')).toMatch(/\nlive\.m3u8\n$/);
      // What is asked of the recorder comes with what it is told of viewers.
      await waitFor('a list', async () => ((await list('live.m3u8')).includes('.m4s') ? true : undefined));
      const watched = packetsOf(url, ['-live_start_index', '0']);
      await api.call('POST', `${route}/rotate`);
      await waitFor('the second part', async () => ((await now()).parts.length === 2 ? true : undefined));
      const before = await list('live.m3u8');
      await api.call('POST', `${route}/stop`);
      const pictures = await watched;
      const { parts, play } = await waitFor('the records', async () => {
        const found = await now();
        return found.status === 'available' ? found : undefined;
      });
      const recorded: string[] = [];
      for (const { download } of parts) recorded.push(...(await packetsOf(download?.url ?? '')));
      expect(pictures).toEqual(recorded);
      // Whoever watches has the same list, to its end; whoever loads anew, all of it.
      const after = await list('live.m3u8');
      expect(after.startsWith(before)).toBe(true);
      expect(after.endsWith('#EXT-X-ENDLIST\n')).toBe(true);
      expect(after.match(/EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
      expect(after.match(/EXT-X-MAP:URI="init-[12]\.mp4"/g)).toHaveLength(2);
      expect(await list('stream.m3u8')).toMatch(/\nvod\.m3u8\n$/);
      expect(play?.hls.live).toBe(false);
      expect(api.lines.join('\n')).not.toContain(url.split('/').at(-2) ?? '');
    },
    WAIT_MS,
  );
});
