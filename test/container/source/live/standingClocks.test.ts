import { beforeAll, expect, it } from 'vitest';
import type { Listener } from '../../../streams/feed.ts';
import { startHttpServer } from '../../../streams/httpServer.ts';
import { beepingFlv } from '../../../support/beepingFlv.ts';
import { AUDIO, type FlvTag, isConfiguration, VIDEO } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { BEEP_EVERY_MS } from '../../../support/generated/beeps.ts';
import { framesOf } from '../../../support/generated/shown.ts';
import { shownParts } from '../../../support/generated/shownParts.ts';
import { sendInTime, sentTag } from '../../../support/sentTags.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 6;
/** By their times it would be less than half. */
const LENGTH_MIN_MS = 0.7 * SECONDS * 1_000;
const SYNC_MS = 100;

/** A publisher whose clock stands, for all that he sends or for one kind. Nobody is served twice. */
class StandingPublisher {
  connections = 0;
  readonly #tags: readonly FlvTag[];
  readonly #stands: readonly number[];

  constructor(tags: readonly FlvTag[], stands: readonly number[]) {
    this.#tags = tags;
    this.#stands = stands;
  }

  async serve(listener: Listener): Promise<void> {
    this.connections += 1;
    if (this.connections > 1) return listener.refuse();
    const dueMs = new Map<FlvTag, number>();
    for (const tag of this.#tags) {
      const stands = this.#stands.includes(tag.kind);
      dueMs.set(stands ? { ...tag, atMs: 0 } : tag, tag.atMs);
    }
    const sent = [...dueMs.keys()];
    listener.begin(sent.filter(isConfiguration).map(sentTag), undefined);
    const samples = sent.filter((tag) => !isConfiguration(tag));
    await sendInTime(listener, samples, (tag) => dueMs.get(tag) ?? 0);
    listener.end();
  }
}

describeWith(['ffmpeg'], 'a publisher whose clock stands still, over HTTP-FLV', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let tags: FlvTag[];

  beforeAll(() => {
    tags = beepingFlv(folder, 'both.flv', { seconds: SECONDS, keyframeEvery: 50 });
  });

  it.concurrent.each([
    ['of all that he sends', [VIDEO, AUDIO]],
    ['of his sound', [AUDIO]],
    ['of his pictures', [VIDEO]],
  ] as const)('is recorded whole, and in sync: %s', async (_name, stands) => {
    const sent = await framesOf(folder.file('both.flv'));
    const startMs = sent[0]?.ms ?? 0;
    const sentMs = new Map(sent.map(({ ms, hash }) => [hash, ms - startMs]));
    const server = await startHttpServer(new StandingPublisher(tags, stands), 'flv');
    const recorded = await bench.record(server.url, { reconnectWindowMs: 0 });
    await server.close();
    const [part, ...more] = await shownParts(bench, folder, recorded);
    expect(more).toEqual([]);
    const { frames = [], beeps = [] } = part ?? {};
    expect(frames.map(({ hash }) => sentMs.get(hash))).toEqual([...sentMs.values()]);
    // Where this machine stalls, times have a hole, and a beep in it is not heard: what is exact is looked at in memory.
    const shown = frames.map(({ ms, hash }) => ({ ms, trueMs: sentMs.get(hash) ?? 0 }));
    expect(shown.at(-1)?.ms).toBeGreaterThan(LENGTH_MIN_MS);
    expect(beeps.at(-1)?.ms).toBeGreaterThan(LENGTH_MIN_MS);
    const offMs = beeps.map(({ ms, number }) => {
      const beside = shown.findLast(({ trueMs }) => trueMs <= number * BEEP_EVERY_MS);
      return Math.abs(ms - (beside?.ms ?? 0));
    });
    const [usualMs] = offMs.toSorted((one, other) => one - other).slice(Math.floor(offMs.length / 2));
    expect(usualMs).toBeLessThan(SYNC_MS);
  });
});
