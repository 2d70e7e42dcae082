import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** What one of ffmpeg's pipes gave; undefined: nothing came for a while. */
export type OutputChunk = { readonly pipe: number; readonly chunk: Buffer } | undefined;

/** More than this, and ffmpeg is no longer read until it has been dealt with: the disk is slow. */
const WAITING_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads all pipes at once: one that is not read would stop ffmpeg, and with it all others. Gives chunks in the order in
 * which they came, and wakes up at least every `tickMs`, until the last pipe has ended.
 */
export async function* readOutputs(pipes: readonly Readable[], tickMs: number): AsyncGenerator<OutputChunk> {
  let waiting: { readonly pipe: number; readonly chunk: Buffer }[] = [];
  let waitingBytes = 0;
  let open = pipes.length;
  let wake: () => void = () => undefined;
  for (const [pipe, stream] of pipes.entries()) {
    stream.on('data', (chunk: Buffer) => {
      waiting.push({ pipe, chunk });
      waitingBytes += chunk.length;
      if (waitingBytes > WAITING_MAX_BYTES) for (const each of pipes) each.pause();
      wake();
    });
    void once(stream, 'close').finally(() => {
      open -= 1;
      wake();
    });
  }
  while (open > 0 || waiting.length > 0) {
    if (waiting.length === 0) {
      const timer = await new Promise<NodeJS.Timeout>((resolve) => {
        const tick = setTimeout(() => resolve(tick), tickMs);
        wake = () => resolve(tick);
      });
      clearTimeout(timer);
    }
    const batch = waiting;
    waiting = [];
    waitingBytes = 0;
    if (batch.length === 0) yield undefined;
    for (const given of batch) yield given;
    for (const each of pipes) each.resume();
  }
}
