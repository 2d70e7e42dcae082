import { beforeAll, expect, it } from 'vitest';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { AUDIO, type FlvTag, isConfiguration } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS } from '../../../support/generated/beeps.ts';
import { framesOf } from '../../../support/generated/shown.ts';
import { shownParts } from '../../../support/generated/shownParts.ts';
import { LaterRtsp } from '../../../support/laterRtsp.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 19;
/** Later than ffmpeg looks for pictures of RTSP: once for what was described, and again for what is there. */
const CAMERA_AT_MS = 15_000;
const SYNC_MS = 45;

describeWith(['ffmpeg'], 'a camera that is switched on long after it was described, over RTSP', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];

  beforeAll(() => {
    tags = beepingFlv(folder, 'both.flv', { seconds: SECONDS });
  });

  it('is recorded from soon after, in sync; so is sound before it', async () => {
    const isOn = (tag: FlvTag): boolean =>
      isConfiguration(tag) || tag.kind === AUDIO || tag.atMs >= CAMERA_AT_MS;
    const server = await LaterRtsp.start(tags.filter(isOn));
    const recorded = await bench.record(server.url, { reconnectWindowMs: 1_000 });
    await server.close();
    const parts = await shownParts(bench, folder, recorded);
    const made = await framesOf(folder.file('both.flv'));
    const startMs = made[0]?.ms ?? 0;
    const atMs = new Map(made.map(({ ms, hash }) => [hash, ms - startMs]));
    const [before, ...after] = parts;
    expect(before?.frames).toEqual([]);
    const numbers = before?.beeps.map(({ number }) => number);
    expect(numbers).toContain(Math.floor(CAMERA_AT_MS / BEEP_EVERY_MS) - 2);
    expect(after).toHaveLength(1);
    const { frames = [], beeps = [] } = after[0] ?? {};
    const hashes = frames.map(({ hash }) => hash);
    expect(hashes).not.toEqual([]);
    expect(hashes).toEqual(made.map(({ hash }) => hash).slice(-hashes.length));
    const offMs = (frames[0]?.ms ?? 0) - (atMs.get(hashes[0] ?? '') ?? 0);
    expect(beeps).not.toEqual([]);
    // The first one may have been cut.
    for (const { ms, number } of beeps.slice(1))
      expect(Math.abs(ms - number * BEEP_EVERY_MS - offMs), `beep ${number}`).toBeLessThan(SYNC_MS);
  });
});
