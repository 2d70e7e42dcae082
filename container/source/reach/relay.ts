import type { Socket } from 'node:net';

/** A live stream comes in many tiny pieces: each costs a wake-up here and one in ffmpeg. */
const GATHER_MS = 100;
/** Heads, handshakes and short files are not kept waiting. */
const AT_ONCE_MS = 1_000;
/** A read that fills less than this has emptied the kernel's buffer: the source is not faster. */
const FULL_READ_BYTES = 32 * 1024;

/**
 * Hands on what comes, both ways, until one side has ended. What comes from `origin` is gathered by the kernel and read
 * ten times a second; a fast source is read without a pause, as fast as it is taken.
 */
export function relay(origin: Socket, client: Socket, kind: 'plain' | 'connect'): void {
  const gathersFromMs = performance.now() + AT_ONCE_MS;
  let timer: NodeJS.Timeout | undefined;
  const goOn = (): void => {
    if (!client.writableNeedDrain) origin.resume();
  };
  origin.on('data', (chunk: Buffer) => {
    const isTaken = client.write(chunk);
    if (!isTaken) origin.pause();
    else if (chunk.length < FULL_READ_BYTES && performance.now() > gathersFromMs) {
      origin.pause();
      timer = setTimeout(goOn, GATHER_MS);
    }
  });
  client.on('drain', () => origin.resume());
  origin.on('end', () => client.end());
  origin.on('close', (hadError) => {
    clearTimeout(timer);
    // A stream that was cut off must not look like one that has ended.
    if (hadError) client.resetAndDestroy();
  });
  client.on('data', (chunk: Buffer) => {
    // One request per connection: the next one is judged on a connection of its own.
    if (kind === 'plain') client.destroy();
    else if (!origin.write(chunk)) client.pause();
  });
  origin.on('drain', () => client.resume());
  client.resume();
  client.on('close', () => origin.destroy());
}
