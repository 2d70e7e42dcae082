import { beforeAll, expect, it } from 'vitest';
import type { Listener } from '../../../streams/feed.ts';
import { startRtmpServer } from '../../../streams/rtmpServer.ts';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { AUDIO, type FlvTag, isConfiguration } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS } from '../../../support/generated/beeps.ts';
import { framesOf } from '../../../support/generated/shown.ts';
import { shownParts } from '../../../support/generated/shownParts.ts';
import { sendInTime, sentTag } from '../../../support/sentTags.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 10;
/** A keyframe comes then: later than ffmpeg looks for pictures. */
const CAMERA_AT_MS = 6_000;
const SYNC_MS = 45;

/** A camera that has said how it encodes, and is switched on later. Nobody is served twice. */
class LateCamera {
  connections = 0;
  readonly #tags: readonly FlvTag[];

  constructor(tags: readonly FlvTag[]) {
    this.#tags = tags;
  }

  async serve(listener: Listener): Promise<void> {
    this.connections += 1;
    if (this.connections > 1) return listener.refuse();
    listener.begin(this.#tags.filter(isConfiguration).map(sentTag), undefined);
    const isOn = ({ kind, atMs }: FlvTag): boolean => kind === AUDIO || atMs >= CAMERA_AT_MS;
    await sendInTime(
      listener,
      this.#tags.filter((tag) => !isConfiguration(tag) && isOn(tag)),
    );
    listener.end();
  }
}

describeWith(['ffmpeg'], 'a camera that is switched on long after it was announced, over RTMP', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];

  beforeAll(() => {
    tags = beepingFlv(folder, 'both.flv', { seconds: SECONDS, keyframeEvery: 50 });
  });

  it('nothing is lost, and all is in sync, over one connection', async () => {
    const shown = await framesOf(folder.file('both.flv'));
    const startMs = shown[0]?.ms ?? 0;
    const pictures = new Map(shown.map(({ ms, hash }) => [hash, ms - startMs]));
    const camera = new LateCamera(tags);
    const server = await startRtmpServer(camera);
    const recorded = await bench.record(server.url, { reconnectWindowMs: 0 });
    expect(camera.connections).toBe(1);
    await server.close();
    const parts = await shownParts(bench, folder, recorded);
    const frames = parts.flatMap((part) => part.frames).map(({ hash }) => pictures.get(hash));
    const expected = [...pictures.values()].filter((ms) => ms >= CAMERA_AT_MS);
    expect(frames).toEqual(expected);
    const numbers = parts.flatMap(({ beeps }) => beeps.map(({ number }) => number));
    const beeps = Array.from({ length: (SECONDS * 1_000) / BEEP_EVERY_MS }, (_, i) => i);
    expect(numbers).toEqual(beeps);
    for (const part of parts) {
      const [first] = part.frames;
      if (first === undefined) continue;
      const offMs = first.ms - (pictures.get(first.hash) ?? 0);
      for (const { ms, number } of part.beeps)
        expect(Math.abs(ms - number * BEEP_EVERY_MS - offMs), `beep ${number}`).toBeLessThan(SYNC_MS);
    }
  });
});
