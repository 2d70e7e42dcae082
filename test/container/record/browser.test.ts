import { afterAll, expect, it } from 'vitest';
import { playInChromium } from '../../support/browser.ts';
import { counterStreamArgs } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 60;
const FPS = 25;

describeWith(['ffmpeg', 'chromium'], 'a record in a browser', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  async function record(name: string, output: readonly string[]): Promise<Buffer> {
    const source = await HttpSource.start(folder.pipe(name, output));
    sources.push(source);
    const { objects } = await bench.record(source.url);
    return bench.object(objects.parts.get(1)?.final?.key ?? '');
  }
  const args = counterStreamArgs({ fps: FPS, keyframeEvery: 2 * FPS }).filter((arg) => arg !== '-re');
  const input = args.slice(0, args.indexOf('-c:v'));

  it('MP4: one request to load, its duration, the right frame after each seek', async () => {
    const flv = [...args, '-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'];
    const mp4 = await record('browser.flv', flv);
    const found = await playInChromium(mp4, 'video/mp4', [41.5, 3.02, 58.98]);
    expect(found.requestsToLoad).toBe(1);
    expect(Math.abs(found.durationSeconds - SECONDS)).toBeLessThan(0.1);
    for (const [i, seconds] of [41.5, 3.02, 58.98].entries()) {
      expect(Math.abs((found.frames[i] ?? 0) - Math.floor(seconds * FPS))).toBeLessThanOrEqual(1);
    }
  }, 180_000);

  it('WebM: its duration, and the right frame after each seek', async () => {
    const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '50'];
    const mkv = [...input, ...vp8, '-c:a', 'libopus', '-t', '20', '-live', '1', '-f', 'matroska'];
    const webm = await record('browser.mkv', mkv);
    const found = await playInChromium(webm, 'video/webm', [13.5, 2.02]);
    expect(Math.abs(found.durationSeconds - 20)).toBeLessThan(0.1);
    for (const [i, seconds] of [13.5, 2.02].entries()) {
      expect(Math.abs((found.frames[i] ?? 0) - Math.floor(seconds * FPS))).toBeLessThanOrEqual(1);
    }
  }, 180_000);
});
