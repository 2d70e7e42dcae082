import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { LastRead } from '../../../../container/source/live/reading.ts';

/** Two ends of a connection. */
async function connected(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens to no port');
  const near = connect(address.port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void [near, far].map((socket) => socket.destroy()));
  return { near, far };
}

function beBusy(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('what had come is read before the end, also by a process that was busy when it came', async () => {
  const { near, far } = await connected();
  const ending = new AbortController();
  const reading = new LastRead(ending.signal).of(once(near, 'data').then(([bytes]) => String(bytes)));
  ending.abort();
  far.write('the last picture');
  beBusy(100);
  expect(await reading).toBe('the last picture');
});

it('nothing more is waited for than what had come', async () => {
  const { near } = await connected();
  const last = new LastRead(AbortSignal.abort());
  expect(await last.of(once(near, 'data'))).toBeUndefined();
});
