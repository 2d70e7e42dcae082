import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Receiving } from '../../../../container/source/live/receiving.ts';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { FLV_HEADER, writeFlv } from '../../../support/flvTags.ts';

const VIDEO = 9;
const MIB = 1024 * 1024;
const CONFIGURATION = writeFlv([{ kind: VIDEO, atMs: 0, body: Buffer.from([0x17, 0, 0, 0, 0, 1]) }]);
/** About a MiB. */
const PICTURE = writeFlv([
  { kind: VIDEO, atMs: 0, body: Buffer.concat([Buffer.from([0x17, 1, 0, 0, 0]), Buffer.alloc(MIB)]) },
]);
/** More than are read of what comes at once. */
const TURNS = 100;

/** A connection over which these come at once. */
function received(chunks: Iterable<Buffer>) {
  const gone = new AbortController();
  const sent = { chunks: 0, hasEnded: false };
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    for (const chunk of chunks) {
      sent.chunks += 1;
      yield chunk;
    }
    sent.hasEnded = true;
  }
  const receiving = new Receiving({
    cutter: new FlvCutter(),
    body: body(),
    clock: { nowMs: () => 0, awakeMs: () => 0 },
    gone: gone.signal,
    ending: new AbortController().signal,
    onTaken: () => undefined,
  });
  return { receiving, sent, gone };
}

async function allTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate();
}

it('what comes is read while nobody takes it, up to 4 MiB, and the rest once that is taken', async () => {
  const chunks = [Buffer.concat([FLV_HEADER, CONFIGURATION]), ...Array<Buffer>(8).fill(PICTURE)];
  const { receiving, sent, gone } = received(chunks);
  await allTurns();
  expect(sent.chunks).toBe(5);
  let bytes = 0;
  for (;;) {
    const piece = await receiving.next(gone.signal);
    if (piece === undefined) break;
    bytes += piece.bytes.length;
    receiving.take();
  }
  expect(sent.hasEnded).toBe(true);
  expect(bytes).toBe(Buffer.concat(chunks).length);
});

it('what it ended with is told to whoever has taken all that came before, each time', async () => {
  const lost = new Error('lost');
  function* chunks(): Generator<Buffer> {
    yield Buffer.concat([FLV_HEADER, CONFIGURATION, PICTURE]);
    throw lost;
  }
  const { receiving, gone } = received(chunks());
  await allTurns();
  while ((await receiving.next(gone.signal).catch(() => undefined)) !== undefined) receiving.take();
  for (let run = 0; run < 2; run++) await expect(receiving.next(gone.signal)).rejects.toBe(lost);
});

it('nothing more is read once the connection is to be given up, however much waits', async () => {
  const { receiving, sent, gone } = received([FLV_HEADER, CONFIGURATION, ...Array<Buffer>(8).fill(PICTURE)]);
  await allTurns();
  gone.abort();
  await expect(receiving.next(gone.signal)).resolves.toBeDefined();
  receiving.take();
  await allTurns();
  expect(sent.chunks).toBe(6);
});
