import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { StorageClock } from '../../../container/upload/storageClock.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.parse('2026-07-01T12:00:00Z');
const silent = { warn: () => undefined };

/** A machine whose clock is off, and S3, whose clock is right. */
class Machine {
  /** The real time. */
  nowMs = NOON_MS;
  readonly clock: StorageClock;
  wrongByMs: number;

  constructor(wrongByMs: number) {
    this.wrongByMs = wrongByMs;
    this.clock = new StorageClock(silent, () => this.nowMs + this.wrongByMs);
  }

  /** S3 answers in the middle. */
  ask(tookMs: number): void {
    const sentAtMs = this.nowMs + this.wrongByMs;
    this.nowMs += tookMs / 2;
    const date = new Date(this.nowMs).toUTCString();
    this.nowMs += tookMs / 2;
    this.clock.heard(date, sentAtMs);
  }

  get offMs(): number {
    return Math.abs(this.clock.nowMs() - this.nowMs);
  }
}

const answersMs = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 20 });
const pausesMs = fc.integer({ min: 0, max: 100_000 });

it('a clock that is right is taken as it is, however late S3 answers', () => {
  fc.assert(
    fc.property(
      answersMs,
      pausesMs,
      fc.integer({ min: -2_000, max: 2_000 }),
      (answers, pauseMs, wrongByMs) => {
        const machine = new Machine(wrongByMs);
        for (const tookMs of answers) {
          machine.ask(tookMs);
          machine.nowMs += pauseMs;
        }
        expect(machine.clock.nowMs()).toBe(machine.nowMs + wrongByMs);
      },
    ),
  );
});

it('one that is wrong is put right by the first answer, as well as that tells the time', () => {
  const wrong = fc.oneof(
    fc.integer({ min: 4_000, max: 10 * HOUR_MS }),
    fc.integer({ min: -10 * HOUR_MS, max: -4_000 }),
  );
  fc.assert(
    fc.property(wrong, fc.integer({ min: 0, max: 500 }), pausesMs, (wrongByMs, tookMs, pauseMs) => {
      const machine = new Machine(wrongByMs);
      machine.nowMs += pauseMs;
      machine.ask(tookMs);
      expect(machine.offMs).toBeLessThanOrEqual(1_000 + tookMs);
    }),
  );
});

it('one that is set while recordings go on is followed', () => {
  const machine = new Machine(0);
  machine.ask(20);
  machine.wrongByMs = -HOUR_MS;
  machine.ask(20);
  expect(machine.offMs).toBeLessThanOrEqual(1_000);
  machine.wrongByMs = 0;
  machine.ask(20);
  expect(machine.offMs).toBeLessThanOrEqual(1_000);
});

it('an answer without a date, or with none that can be, says nothing', () => {
  const machine = new Machine(HOUR_MS);
  for (const date of [undefined, '', 'soon']) machine.clock.heard(date, machine.nowMs + HOUR_MS);
  // The clock was set between the question and the answer.
  machine.clock.heard(new Date(machine.nowMs).toUTCString(), machine.nowMs + 2 * HOUR_MS);
  expect(machine.offMs).toBe(HOUR_MS);
});

let server: Server | undefined;
afterEach(() => server?.close());

it('every answer that a client gets is heard', async () => {
  const date = new Date(NOON_MS + HOUR_MS).toUTCString();
  server = createServer({}, (_, answer) => {
    answer.sendDate = false;
    answer.setHeader('date', date);
    answer.end();
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const clock = new StorageClock(silent, () => NOON_MS);
  const client = clock.listen(
    new S3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ region: 'us-east-1', forcePathStyle: true },
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
  );
  await client.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }));
  client.destroy();
  expect(Math.abs(clock.nowMs() - NOON_MS - HOUR_MS)).toBeLessThanOrEqual(1_000);
});
