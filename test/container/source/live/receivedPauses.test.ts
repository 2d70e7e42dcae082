import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LiveSource } from '../../../../container/source/live/liveSource.ts';
import { ReceivedPauses } from '../../../../container/source/live/receivedPauses.ts';
import { FLV_HEADER, writeFlv } from '../../../support/flvTags.ts';

const VIDEO = 9;
const SCRIPT = 18;
const tag = (kind: number, atMs: number): Buffer =>
  writeFlv([{ kind, atMs, body: Buffer.from([0x17, 1, 0, 0, 0, 0, 0, 0]) }]);
const CONFIGURATION = writeFlv([{ kind: VIDEO, atMs: 0, body: Buffer.from([0x17, 0, 0, 0, 0, 1]) }]);

/** The pause in front of the last sample, in ms. */
function pausesOf(
  samples: readonly { readonly atMs: number; readonly waitsMs: readonly number[] }[],
): number {
  const pauses = new ReceivedPauses();
  for (const { atMs, waitsMs } of samples) {
    for (const ms of waitsMs) pauses.wait(ms);
    pauses.end(atMs);
  }
  return pauses.longestMs(samples.at(-1)?.atMs ?? 0);
}

describe('ReceivedPauses', () => {
  it('knows the longest that has ended since then', () => {
    const pauses = new ReceivedPauses();
    for (const nowMs of [0, 2_000, 2_400, 3_400]) {
      pauses.wait(1_000);
      pauses.end(nowMs);
    }
    const since = [0, 2_000, 2_001, 3_400, 3_401];
    expect(since.map((ms) => pauses.longestMs(ms))).toEqual([2_000, 2_000, 1_000, 1_000, 0]);
  });

  it.each([
    ['was there when it was read again', [20], 0],
    ['was there after a moment, as RTMP is read', [250], 0],
    ['came later than it was read again: nothing had come meanwhile', [500], 3_000],
    ['came after what is no sample', Array<number>(20).fill(100), 2_000],
  ])('counts for a sample that %s', (_, waitsMs, ms) => {
    const samples = [
      { atMs: 1_000, waitsMs: [] },
      { atMs: 4_000, waitsMs },
    ];
    expect(pausesOf(samples)).toBe(ms);
  });

  it.each([
    ['', 1_000, 3_000],
    [', but for what comes while the recorder stands still', 50, 0],
  ])(
    'of a live source are between samples, whatever else comes, also while nobody takes what comes%s',
    async (_, awakeOfEachMs, ms) => {
      let nowMs = 0;
      let awakeMs = 0;
      const beyond = Promise.withResolvers<void>();
      async function* body(): AsyncGenerator<Buffer, void, undefined> {
        yield Buffer.concat([FLV_HEADER, CONFIGURATION, tag(VIDEO, 0)]);
        yield tag(VIDEO, 20);
        for (const kind of [SCRIPT, SCRIPT, VIDEO]) {
          await setImmediate();
          nowMs += 1_000;
          awakeMs += awakeOfEachMs;
          yield tag(kind, 40);
        }
        beyond.resolve();
      }
      const clock = { nowMs: () => nowMs, awakeMs: () => awakeMs };
      const source = new LiveSource('flv', body(), clock, { gone: new AbortController() });
      await beyond.promise;
      expect(source.pauses.longestMs(0)).toBe(ms);
      await source.close();
    },
  );
});
