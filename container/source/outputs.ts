import { setImmediate } from 'node:timers/promises';
import type { DemuxerOutput } from './demuxer.ts';

/**
 * What one of a demuxer's outputs gave, valid until the next one is asked for; undefined: all that has come was given, or nothing
 * came for a while.
 */
export type OutputChunk = { readonly pipe: number; readonly chunk: Buffer } | undefined;

/**
 * Reads all outputs at once: one that is not read would stop ffmpeg, and with it all others. Wakes up at least every
 * `tickMs`, until the last pipe has ended.
 */
export async function* readOutputs(
  pipes: readonly DemuxerOutput[],
  tickMs: number,
): AsyncGenerator<OutputChunk> {
  let wake: () => void = () => undefined;
  for (const pipe of pipes) pipe.onReady = () => wake();
  for (;;) {
    // What others have at this moment belongs to the same time.
    if (pipes.length > 1) await setImmediate();
    for (const [number, pipe] of pipes.entries()) {
      const { chunk } = pipe;
      if (chunk === undefined) continue;
      yield { pipe: number, chunk };
      pipe.next();
    }
    yield undefined;
    if (pipes.some(({ chunk }) => chunk !== undefined)) continue;
    if (pipes.every(({ hasEnded }) => hasEnded)) return;
    await new Promise<void>((resolve) => {
      const tick = setTimeout(resolve, tickMs);
      wake = () => {
        clearTimeout(tick);
        resolve();
      };
    });
    wake = () => undefined;
  }
}
