import { afterEach, expect, it, vi } from 'vitest';
import { PageFile } from '../../../container/upload/pageFile.ts';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameHashes } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

describeWith(['ffmpeg'], 'a record whose index does not fit into one page', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    // More samples than a page has sizes.
    ['mp4', 25, 300, 25],
    // More seconds than a page has cues.
    ['mkv', 1, 1_700, 1],
  ] as const)(
    'is an ordinary %s',
    async (format, fps, seconds, keyframeEvery) => {
      const stream = folder.pipe(`${format}.flv`, [
        ...['-f', 'lavfi', '-i', `testsrc2=size=64x64:rate=${fps}:duration=${seconds}`],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', String(keyframeEvery)],
        ...['-flvflags', 'no_duration_filesize', '-f', 'flv'],
      ]);
      const pages = vi.spyOn(PageFile.prototype, 'write');
      const source = await HttpSource.start(stream);
      const { reason, objects } = await bench.record(source.url, { formats: { h264: format } });
      await source.close();
      expect(reason.code).toBe('source_ended');
      expect(pages).toHaveBeenCalled();
      const key = objects.parts.get(1)?.final?.key ?? '';
      const file = folder.write(`record.${format}`, await bench.object(key));
      expect(await decodeErrors(file)).toBe('');
      expect(Number((await probe(file)).format.duration)).toBeCloseTo(seconds, 0);
      const frames = await frameHashes(file, 'v');
      expect(frames).toHaveLength(fps * seconds);
      expect(frames).toEqual(await frameHashes(folder.file(`${format}.flv`), 'v'));
      // Behind the first page.
      expect(await frameHashes(file, 'v', seconds - 10)).toEqual(frames.slice(fps * (seconds - 10)));
    },
    180_000,
  );
});
