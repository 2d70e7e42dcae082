import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { counterStreamArgs } from './counterArgs.ts';
import { decodeErrors } from './counterStream.ts';
import { folderForTests } from './forTests.ts';
import { liveCounterArgs, OFTEN_SENT } from './liveCounter.ts';
import { packetHashes } from './media.ts';
import { describeWith } from './tools.ts';

describeWith(['ffmpeg'], 'the frame counter as a camera sends it', () => {
  const folder = folderForTests();

  /** @returns a file of its first seconds, without the time that they would take */
  function sent(args: readonly string[], name: string): string {
    const file = folder.file(name);
    const hurried = args.filter((argument) => argument !== '-re');
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...hurried, '-t', '4', file]);
    return file;
  }

  it.each(OFTEN_SENT)('is what an encoder would send, but not encoded again: %o', async (options) => {
    const args = liveCounterArgs(options);
    expect(args.slice(-2)).toEqual(['-c', 'copy']);
    const file = sent(args, 'copied.flv');
    const encoded = sent([...counterStreamArgs(options), '-threads', '1'], 'encoded.flv');
    expect(await packetHashes(file, 'v')).toEqual(await packetHashes(encoded, 'v'));
    expect(await packetHashes(file, 'v')).toHaveLength(100);
    // Its last packets are what an encoder makes of an end.
    const [sound, other] = await Promise.all([file, encoded].map((one) => packetHashes(one, 'a')));
    expect(sound?.slice(0, 165)).toEqual(other?.slice(0, 165));
    expect(await decodeErrors(file)).toBe('');
  });

  it('is encoded where few send the same', () => {
    for (const options of [{ fps: 12 }, { audio: false }, { from: 7 }, { keyframeEvery: 250 }])
      expect(liveCounterArgs(options)).toEqual(counterStreamArgs(options));
  });
});
