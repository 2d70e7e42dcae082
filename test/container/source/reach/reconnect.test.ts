import { beforeAll, expect, it } from 'vitest';
import type { Lookup } from '../../../../functions/aws/dnsResolution.ts';
import { counterStreamArgs } from '../../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { HttpSource } from '../../../support/httpSource.ts';
import type { Recorded } from '../../../support/recorderBench.ts';
import { describeWith } from '../../../support/tools.ts';

const FPS = 25;
const SECONDS = 8;

describeWith(['ffmpeg'], 'a source that is lost', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let stream: Buffer;

  beforeAll(async () => {
    stream = folder.pipe('stream.flv', [
      ...counterStreamArgs({ fps: FPS }).filter((arg) => arg !== '-re'),
      ...['-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
  }, 180_000);

  /** The connection is cut in the middle; from then on DNS answers what `later` says, one answer for each question. */
  async function recordWith(later: readonly (readonly string[] | undefined)[]): Promise<Recorded> {
    const source = await HttpSource.start(stream, {
      bytesPerSecond: stream.length / 4,
      cutAtBytes: [Math.floor(stream.length / 2)],
    });
    // The first run asks once, and connects to what was answered.
    const answers = [['127.0.0.1'], ...later];
    let asked = 0;
    const lookup: Lookup = async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      if (answer === undefined) throw new Error('getaddrinfo EAI_AGAIN');
      return answer;
    };
    try {
      const url = source.url.replace('127.0.0.1', 'media.test');
      return await bench.record(url, { reconnectWindowMs: 8_000 }, lookup);
    } finally {
      await source.close();
    }
  }

  const frames = ({ objects }: Recorded): number =>
    [...objects.parts.values()].reduce((sum, { final }) => sum + (final?.videoFrames ?? 0), 0);

  it.concurrent('is waited for while DNS gives no answer', async () => {
    const recorded = await recordWith([undefined, undefined, ['127.0.0.1']]);
    expect(recorded.reason.code).toBe('source_ended');
    // Half of the stream before, and the whole stream after.
    expect(frames(recorded)).toBeGreaterThan(SECONDS * FPS);
  });

  it.concurrent('and comes back where it may not be is refused, and what was recorded stays', async () => {
    const recorded = await recordWith([['10.0.0.1']]);
    expect(recorded.reason.code).toBe('source_forbidden');
    expect(frames(recorded)).toBeGreaterThan(FPS);
    expect(frames(recorded)).toBeLessThan(SECONDS * FPS);
  });
});
