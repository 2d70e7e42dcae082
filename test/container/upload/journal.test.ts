import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BufferPool } from '../../../container/upload/bufferPool.ts';
import { Journal } from '../../../container/upload/journal.ts';
import { Spool } from '../../../container/upload/spool.ts';
import { readWriteAheadLog, WriteAheadLog } from '../../../container/upload/writeAheadLog.ts';
import { checkBytes } from '../../../functions/core/journal/format.ts';
import { journalPrefix } from '../../../functions/core/state/keys.ts';
import { salvageOf } from '../../../functions/core/upload/salvage.ts';
import { bytesOf } from '../../../functions/core/upload/uploadedParts.ts';
import { MemoryS3 } from '../../support/memoryS3.ts';
import {
  BUCKET,
  contentOf,
  everJournaled,
  foundIn,
  journaled,
  log,
  PART_BYTES,
  readBack,
  rescued,
  WrittenFile,
} from './writtenFile.ts';

const MIB = 1024 * 1024;
const REMOVE_EVERY_MS = 5 * 60_000;
/** By itself it waits for a second, which a busy machine may take. */
const PATIENCE = { timeout: 60_000 };

describe('the journal', () => {
  let folder: string;
  let spools = 0;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'journal-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  // Tries follow each other at once.
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function newSpool(): Promise<Spool> {
    spools += 1;
    const spool = new Spool(path.join(folder, String(spools)), 1e9);
    await spool.open();
    return spool;
  }
  function newJournal(
    s3: MemoryS3,
    id: string,
    options: { nowMs?: () => number; putTimeoutMs?: number; writeAhead?: WriteAheadLog } = {},
  ) {
    const client = s3 as unknown as S3Client;
    return new Journal(id, { s3: client, bucket: BUCKET, log, nowMs: Date.now, ...options });
  }

  it('and S3 parts hold every byte that was saved, each once, at every moment, whatever S3 does', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ file: fc.nat(2), bytes: fc.integer({ min: 1, max: 90 }) }) },
      { weight: 2, arbitrary: fc.record({ waitMs: fc.integer({ min: 0, max: 12 }) }) },
      { weight: 1, arbitrary: fc.constant('away' as const) },
      { weight: 2, arbitrary: fc.constant('back' as const) },
    );
    const answers = fc.array(fc.constantFrom('ok', 'ok', 'fail', 'lost', 'slow'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), answers, async (steps, faults) => {
        const s3 = new MemoryS3(faults);
        let nowMs = 0;
        // What is useless goes with each object.
        spools += 1;
        const logFolder = path.join(folder, String(spools));
        const writeAhead = new WriteAheadLog(logFolder, log);
        const journal = newJournal(s3, 'host/worker', {
          nowMs: () => (nowMs += REMOVE_EVERY_MS),
          writeAhead,
        });
        const files: WrittenFile[] = [];
        for (const file of [0, 1, 2]) files.push(new WrittenFile(s3, journal, await newSpool(), file));
        const check = async (): Promise<void> => {
          // As S3 is at this moment: it goes on while this is looked at.
          const found = journaled(s3, journal.id);
          const safe = files.map(({ upload }, file) => ({
            listed: s3.parts(`upload-${file}`),
            savedTo: Math.max(s3.acknowledgedTo(journal.id, `r${file}`), upload.prefixBytes),
          }));
          for (const [file, { ends }] of files.entries()) {
            const own = everJournaled(s3, file);
            for (const [i, { entry, bytes }] of own.entries()) {
              checkBytes(entry, bytes);
              expect(bytes.equals(contentOf(file, entry.offset, entry.bytes))).toBe(true);
              // Whole fragments, and none of their bytes twice.
              expect(ends.has(entry.offset + entry.bytes)).toBe(true);
              const [before] = i > 0 ? own.slice(i - 1) : [];
              if (before !== undefined)
                expect(entry.offset).toBeGreaterThanOrEqual(before.entry.offset + before.entry.bytes);
            }
            const record = await rescued(s3, safe[file]?.listed ?? [], found, file);
            expect(record.equals(contentOf(file, 0, record.length))).toBe(true);
            expect(record.length).toBeGreaterThanOrEqual(safe[file]?.savedTo ?? 0);
          }
        };
        for (const one of steps) {
          if (one === 'away') s3.isAway = true;
          else if (one === 'back') s3.isAway = false;
          else if ('waitMs' in one) await delay(one.waitMs);
          else await files[one.file]?.add(one.bytes);
          await writeAhead.written();
          await check();
        }
        // Its worker is killed here: what it left on the disk is the journal's newest object.
        // (It is not: files that it removes meanwhile are looked for again.)
        const left = await vi.waitFor(() => readWriteAheadLog(logFolder), PATIENCE);
        const objects = s3.keys(journalPrefix(journal.id)).map((key) => foundIn(s3.object(key)));
        objects.push(left.map(({ entry, bytes }) => ({ entry: { ...entry, crc32: crc32(bytes) }, bytes })));
        for (const [file, listed] of files.map((_, n) => s3.parts(`upload-${n}`)).entries()) {
          const { prefix } = salvageOf(listed, PART_BYTES);
          const found = readBack(objects, file, bytesOf(prefix));
          const record = await rescued(s3, listed, found, file);
          expect(record.equals(contentOf(file, 0, files[file]?.upload.bytes ?? 0))).toBe(true);
        }
        s3.isAway = false;
        const savedTo = () => files.map((_, file) => s3.acknowledgedTo(journal.id, `r${file}`));
        await expect.poll(savedTo).toEqual(files.map(({ upload }) => upload.bytes));
        await check();
        for (const { upload, track } of files) {
          await upload.end();
          await upload.flush();
          track.complete();
        }
        await journal.close();
        expect(s3.keys(journalPrefix(journal.id))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 180_000);

  it('has what waited on disk while S3 was away, in order, once S3 is back', async () => {
    const s3 = new MemoryS3();
    const journal = newJournal(s3, 'host/away');
    const file = new WrittenFile(s3, journal, await newSpool(), 0);
    await file.add(50);
    await expect.poll(() => everJournaled(s3, 0)).toHaveLength(1);
    s3.isAway = true;
    for (let i = 0; i < 40; i++) await file.add(50);
    await delay(20);
    expect(everJournaled(s3, 0)).toHaveLength(1);
    s3.isAway = false;
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r0')).toBe(file.upload.bytes);
    const bytes = everJournaled(s3, 0).map((found) => found.bytes);
    expect(Buffer.concat(bytes).equals(contentOf(0, 0, file.upload.bytes))).toBe(true);
    await journal.close();
  });

  it('that S3 never takes holds up nothing, and keeps a bounded amount', async () => {
    const s3 = new MemoryS3();
    const send = s3.send.bind(s3);
    s3.send = async (command, options) => {
      if (command.constructor.name === 'PutObjectCommand') throw new Error('AccessDenied');
      return send(command, options);
    };
    const buffers = { taken: 0, max: 0 };
    const { take, give } = BufferPool.prototype;
    vi.spyOn(BufferPool.prototype, 'take').mockImplementation(function (this: BufferPool) {
      buffers.taken += 1;
      buffers.max = Math.max(buffers.max, buffers.taken);
      return take.call(this);
    });
    vi.spyOn(BufferPool.prototype, 'give').mockImplementation(function (this: BufferPool, buffer) {
      buffers.taken -= 1;
      give.call(this, buffer);
    });
    const journal = newJournal(s3, 'host/denied');
    const file = new WrittenFile(s3, journal, await newSpool(), 0);
    for (let i = 0; i < 100; i++) {
      await file.add(64);
      await delay(0);
    }
    await file.upload.end();
    const { bytes } = await file.upload.flush();
    expect(bytes).toBe(6_400);
    // One is filled, two are on their way, two are kept.
    expect(buffers.max).toBeLessThanOrEqual(5);
    await journal.close();
  });

  it('leaves out what has changed in memory, which S3 would refuse for ever', async () => {
    const s3 = new MemoryS3();
    const journal = newJournal(s3, 'host/changed');
    const changed = new WrittenFile(s3, journal, await newSpool(), 0, 64 * MIB);
    const other = new WrittenFile(s3, journal, await newSpool(), 1, 64 * MIB);
    const hold = changed.upload.hold.bind(changed.upload);
    vi.spyOn(changed.upload, 'hold').mockImplementationOnce(async (from, to) => {
      const held = await hold(from, to);
      held.pieces[0]?.fill(0xff, 0, 1);
      return held;
    });
    await changed.add(20);
    await journal.flush();
    await Promise.all([changed.add(20), other.add(20)]);
    await journal.flush();
    expect(everJournaled(s3, 0).map(({ entry }) => entry.offset)).toEqual([20]);
    expect(everJournaled(s3, 1).map(({ entry }) => entry.offset)).toEqual([0]);
    await journal.close();
  });

  it('asks again when no answer comes, and has the bytes once', async () => {
    const s3 = new MemoryS3(['never', 'ok']);
    const journal = newJournal(s3, 'host/never', { putTimeoutMs: 30 });
    const file = new WrittenFile(s3, journal, await newSpool(), 0);
    await file.add(20);
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r0')).toBe(20);
    await file.add(20);
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r0')).toBe(40);
    const bytes = everJournaled(s3, 0).map((found) => found.bytes);
    expect(Buffer.concat(bytes).equals(contentOf(0, 0, 40))).toBe(true);
    await journal.close();
  });

  it('takes all of nine slow recordings with each object, however far behind a fast one is', async () => {
    const s3 = new MemoryS3();
    // The first object is on its way until all has come.
    const allHasCome = Promise.withResolvers<void>();
    const send = s3.send.bind(s3);
    s3.send = async (command, options) => {
      const answer = await send(command, options);
      await allHasCome.promise;
      return answer;
    };
    const journal = newJournal(s3, 'host/fast');
    const fast = new WrittenFile(s3, journal, await newSpool(), 0, 64 * MIB);
    const slow: WrittenFile[] = [];
    for (let file = 1; file < 10; file++) slow.push(new WrittenFile(s3, journal, await newSpool(), file));
    await slow[0]?.add(1);
    await expect.poll(() => s3.written.size).toBe(1);
    for (let i = 0; i < 9; i++) await fast.add(3 * MIB);
    for (const one of slow) await one.add(50);
    allHasCome.resolve();
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r0')).toBe(fast.upload.bytes);
    const objects = [...s3.written.values()];
    const second = foundIn(objects[1] ?? Buffer.alloc(0)).map(({ entry }) => entry.recordingId);
    expect(second).toHaveLength(10);
    for (const object of objects) expect(object.length).toBeLessThan(12 * MIB + 64 * 1024);
    expect(objects).toHaveLength(4);
    await journal.close();
  });

  it('leaves to others what they rescue, and what is not finished here', async () => {
    const s3 = new MemoryS3();
    let nowMs = 0;
    const journal = newJournal(s3, 'host/left', { nowMs: () => nowMs });
    const [finished, left] = [0, 1].map(async (n) => new WrittenFile(s3, journal, await newSpool(), n));
    await (await finished)?.add(30);
    await (await left)?.add(30);
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r1')).toBe(30);
    const [withBoth] = s3.keys(journalPrefix(journal.id)).slice(-1);
    await (await finished)?.add(10);
    await expect.poll(() => s3.acknowledgedTo(journal.id, 'r0')).toBe(40);
    (await finished)?.track.complete();
    (await left)?.track.leave();
    nowMs += REMOVE_EVERY_MS;
    await journal.close();
    expect(s3.keys(journalPrefix(journal.id))).toEqual([withBoth]);
  });
});
