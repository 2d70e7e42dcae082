import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Receiving } from '../../../../container/source/live/receiving.ts';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { FLV_HEADER, VIDEO, writeFlv } from '../../../support/flvTags.ts';
import { ManualTimers } from '../../../support/manualTimers.ts';

const FRAME_MS = 40;
const CONFIGURATION = Buffer.from([0x17, 0, 0, 0, 0, 1]);
const KEYFRAME = Buffer.from([0x17, 1, 0, 0, 0]);
const BURST_MS = 400;
const STALL_MS = 2_000;
const MIB = 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** More than a piece takes to where it waits. */
const TURNS = 20;

const pictures = (fromMs: number, count: number, bytes = 0): Buffer =>
  writeFlv(
    Array.from({ length: count }, (_, i) => ({
      kind: VIDEO,
      atMs: fromMs + i * FRAME_MS,
      body: Buffer.concat([KEYFRAME, Buffer.alloc(bytes)]),
    })),
  );

/**
 * A connection over which a publisher has sent one second, by a clock and with timers that the test has in hand.
 * @param asleep for how long the process has not run
 */
async function begun(asleep: { readonly ms: number } = { ms: 0 }) {
  const connection = new PassThrough();
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of connection) yield chunk as Buffer;
  }
  const timers = new ManualTimers();
  const receiving = new Receiving({
    cutter: new FlvCutter(),
    body: body(),
    clock: { nowMs: timers.nowMs, awakeMs: () => timers.nowMs() - asleep.ms },
    gone: new AbortController().signal,
    ending: new AbortController().signal,
    onTaken: () => undefined,
    timers,
  });
  const taken = { bytes: 0 };
  const taking = (async () => {
    const signal = new AbortController().signal;
    for (;;) {
      const piece = await receiving.next(signal);
      if (piece === undefined) return;
      receiving.take();
      taken.bytes += piece.bytes.length;
    }
  })();
  const come = async (atMs: number, bytes: Buffer): Promise<void> => {
    timers.advance(atMs - timers.nowMs());
    connection.write(bytes);
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  };
  await come(
    0,
    Buffer.concat([FLV_HEADER, writeFlv([{ kind: VIDEO, atMs: 0, body: CONFIGURATION }]), pictures(0, 1)]),
  );
  for (let ms = FRAME_MS; ms < 1_000; ms += FRAME_MS) await come(ms, pictures(ms, 1));
  return { receiving, connection, timers, taken, taking, come, begunBytes: taken.bytes };
}

it('another publisher whose beginning the network kept for two seconds begins where the one before has ended', async () => {
  const { receiving, connection, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 20));
  await come(1_100 + STALL_MS, pictures(20 * FRAME_MS, 30));
  expect(taken.bytes).toBe(begunBytes);
  await come(1_000 + BURST_MS + STALL_MS, pictures(50 * FRAME_MS, 1));
  expect(taken.bytes).toBe(begunBytes + pictures(0, 51).length);
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_000)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('another publisher begins where the one before has ended, also where it stalled twice for less than a second', async () => {
  const { receiving, connection, taking, come } = await begun();
  await come(1_900, pictures(1_000, 2));
  await come(2_800, pictures(0, 44));
  await come(2_800 + BURST_MS, pictures(44 * FRAME_MS, 10));
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_080)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('another publisher begins there, too, where the process stood still for seconds, and read his beginning then', async () => {
  const asleep = { ms: 0 };
  const { receiving, connection, taking, come } = await begun(asleep);
  asleep.ms = 5_000;
  await come(1_000 + asleep.ms, pictures(0, 20));
  await come(1_000 + asleep.ms + BURST_MS, pictures(20 * FRAME_MS, 10));
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_000)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('also where it stalls again behind the first of what it had kept, which then comes one by one', async () => {
  const { receiving, connection, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 2));
  for (const ms of [0, 100, 200, 300]) await come(1_000 + STALL_MS + BURST_MS + ms, NOTHING);
  for (let i = 2; i < 70; i++) await come(1_350 + STALL_MS + BURST_MS, pictures(i * FRAME_MS, 1));
  expect(taken.bytes).toBe(begunBytes);
  await come(1_400 + STALL_MS + BURST_MS, NOTHING);
  expect(taken.bytes).toBe(begunBytes + pictures(0, 70).length);
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_000)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('also where the process does not read what has come by the time at which it looks', async () => {
  const { receiving, connection, timers, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 2));
  await come(900 + STALL_MS + BURST_MS, pictures(2 * FRAME_MS, 1));
  connection.write(pictures(3 * FRAME_MS, 57));
  timers.advance(100);
  for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  expect(taken.bytes).toBe(begunBytes + pictures(0, 60).length);
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_000)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('a second behind that is the longest that is waited for more', async () => {
  const { receiving, connection, taken, taking, come, timers, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 2));
  for (let ms = 0; ms < 1_000; ms += 100) {
    await come(1_000 + STALL_MS + BURST_MS + ms, NOTHING);
    expect(taken.bytes).toBe(begunBytes);
  }
  await come(1_000 + STALL_MS + BURST_MS + 1_000, NOTHING);
  expect(taken.bytes).toBe(begunBytes + pictures(0, 2).length);
  expect(timers.pending).toBe(0);
  const shiftMs = receiving.clocks.stretchesOf('video').at(-1)?.shiftMs ?? 0;
  expect(Math.abs(shiftMs - 1_000 - STALL_MS)).toBeLessThan(3 * FRAME_MS);
  connection.end();
  await taking;
});

it('what goes on behind a stall is not held', async () => {
  const { connection, timers, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(1_000, 50));
  expect(taken.bytes).toBe(begunBytes + pictures(1_000, 50).length);
  expect(timers.pending).toBe(0);
  connection.end();
  await taking;
});

it('pictures that are seconds apart are not held, by their own times as by the clock', async () => {
  const { connection, timers, taken, taking, come, begunBytes } = await begun();
  await come(3_000, pictures(3_000, 1));
  await come(5_010, pictures(5_000, 1));
  expect(taken.bytes).toBe(begunBytes + 2 * pictures(0, 1).length);
  expect(timers.pending).toBe(0);
  connection.end();
  await taking;
});

it('what is held is given on at the end of the connection', async () => {
  const { connection, timers, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 2));
  expect(taken.bytes).toBe(begunBytes);
  connection.end();
  await taking;
  expect(taken.bytes).toBe(begunBytes + pictures(0, 2).length);
  expect(timers.pending).toBe(0);
});

it('no more than 4 MiB are held', async () => {
  const { connection, timers, taken, taking, come, begunBytes } = await begun();
  await come(1_000 + STALL_MS, pictures(0, 3, MIB));
  expect(taken.bytes).toBe(begunBytes);
  await come(1_010 + STALL_MS, pictures(3 * FRAME_MS, 2, MIB));
  expect(taken.bytes).toBeGreaterThan(begunBytes + 4 * MIB);
  expect(timers.pending).toBe(0);
  connection.end();
  await taking;
});
