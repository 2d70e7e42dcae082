import { execFileSync } from 'node:child_process';
import { type CounterStreamOptions, counterStreamArgs } from './counterArgs.ts';
import { madeFile } from './madeMedia.ts';

/** What many tests send. An encoder of its own for each would be a quarter of what they cost. */
export const OFTEN_SENT: readonly CounterStreamOptions[] = [{}, { keyframeEvery: 5 }];
/** Longer than a test watches one of them: its counters come again after that. */
const LENGTH = ['-t', '120'];

/** ffmpeg's arguments for a stream of the frame counter, as a camera sends it, without the output. */
export function liveCounterArgs(options: CounterStreamOptions = {}): string[] {
  const { fps = 25, keyframeEvery = fps, ...others } = options;
  const often = OFTEN_SENT.find((one) => (one.keyframeEvery ?? 25) === keyframeEvery);
  if (often === undefined || fps !== 25 || Object.keys(others).length > 0) return counterStreamArgs(options);
  return ['-re', '-stream_loop', '-1', '-i', counterFile(often), '-c', 'copy'];
}

/** What an encoder makes of it in that time, packets and times alike: once a day. @returns its path */
export function counterFile(options: CounterStreamOptions): string {
  const picture = parted(counterStreamArgs({ ...options, audio: false }));
  const sound = parted(counterStreamArgs({ ...options, video: false }));
  // A minute of sound takes longer to encode than a minute of these pictures: it is made once for all of them.
  const tone = encoded([...sound.input, ...sound.coding, ...LENGTH]);
  return encoded([
    ...[...picture.input, '-i', tone],
    ...[...picture.coding, '-threads', '1', '-c:a', 'copy', ...LENGTH],
  ]);
}

/** Encoded as fast as it can be. */
function parted(args: readonly string[]): { readonly input: string[]; readonly coding: string[] } {
  const hurried = args.filter((argument) => argument !== '-re');
  const codingFrom = hurried.findIndex((argument) => argument.startsWith('-c:'));
  return { input: hurried.slice(0, codingFrom), coding: hurried.slice(codingFrom) };
}

/** NUT: the only container here that keeps the times that the encoders gave. */
const encoded = (args: readonly string[]): string =>
  madeFile(args, '.nut', (file) => {
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args, file]);
  });
