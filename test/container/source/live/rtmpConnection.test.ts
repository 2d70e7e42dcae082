import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RtmpConnection } from '../../../../container/source/live/rtmpConnection.ts';
import { closersForTests } from '../../../support/forTests.ts';

const ANSWER = Buffer.alloc(16);
/** More than is read at once, and less than the kernel takes for one who reads what comes. */
const WAITING_BYTES = 700 * 1024;
const WARM_UP_BYTES = 400 * 1024;
/** For so much the kernel gives a connection as much memory as this test needs. */
const WARM_UPS = 40;

/** How much the kernel has of a connection that was not read yet. */
async function waitingBytes(port: number): Promise<number> {
  const name = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const queues = lines.find(([, local]) => local?.endsWith(`:${name}`))?.[4] ?? '';
  return Number.parseInt(queues.split(':')[1] ?? '', 16);
}

describe('a connection over RTMP', () => {
  const closers = closersForTests();

  it('that is reset gives all that had come, however much, before an answer fails', async () => {
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => undefined).resume();
      accepted.resolve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    let own: Socket | undefined;
    const connection = new RtmpConnection(
      { push: (bytes) => Buffer.from(bytes), takeReplies: () => ANSWER },
      (onread) => {
        own = connect({ port, host: '127.0.0.1', onread });
        return own;
      },
    );
    closers.push(() => connection.close());
    const socket = await accepted.promise;
    const read = async (bytes: number): Promise<number> => {
      let got = 0;
      while (got < bytes && !connection.isClosed) got += (await connection.read()).bytes;
      return got;
    };
    for (let i = 0; i < WARM_UPS; i++) {
      socket.write(Buffer.alloc(WARM_UP_BYTES));
      expect(await read(WARM_UP_BYTES)).toBe(WARM_UP_BYTES);
    }
    socket.write(Buffer.alloc(WAITING_BYTES));
    await expect.poll(() => waitingBytes(own?.localPort ?? 0), { timeout: 10_000 }).toBe(WAITING_BYTES);
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect(await read(Number.POSITIVE_INFINITY)).toBe(WAITING_BYTES);
    expect(connection.error).toMatchObject({ code: 'ECONNRESET' });
  });
});
