import { appendFile, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AddedToLog,
  readWriteAheadLog,
  WriteAheadLog,
} from '../../../container/upload/writeAheadLog.ts';
import { REPEATED_EVERY } from '../../../functions/core/journal/format.ts';
import {
  decodeLogged,
  encodeLogged,
  type Logged,
  objectsOf,
  sequencesAfter,
} from '../../../functions/core/journal/writeAhead.ts';

const log = new Logger({ logLevel: 'SILENT' });

/** Fragments of one file, of ten bytes each; the byte is the fragment's number. */
class Fragments {
  savedTo = 0;
  keptFrom = 0;
  #added = 0;
  readonly #recordingId: string;

  constructor(recordingId: string) {
    this.#recordingId = recordingId;
  }

  next(): AddedToLog {
    const number = this.#added++;
    const facts = { durationMs: number * 1000, videoFrames: number, atMs: number };
    const ids = { recordingId: this.#recordingId, attempt: 1, file: 1 };
    return {
      entry: { ...ids, offset: number * 10, bytes: 10, fromMs: 0, keyframe: true, ...facts, part: undefined },
      isKept: () => number >= this.keptFrom,
      crc32: () => crc32(Buffer.alloc(10, number)),
      hold: async () => ({
        pieces: [Buffer.alloc(4, number), Buffer.alloc(6, number)],
        release: () => undefined,
      }),
      isSaved: () => number < this.savedTo,
    };
  }
}

const written = ({ entry, crc32: of }: AddedToLog): Logged['entry'] => ({ ...entry, crc32: of() });

describe('the write-ahead log of a worker', () => {
  let folder: string;
  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'write-ahead-')), 'worker');
  });
  afterEach(() => rm(path.dirname(folder), { recursive: true, force: true }));

  const offsets = async (recordingId: string): Promise<number[]> =>
    (await readWriteAheadLog(folder))
      .filter(({ entry }) => entry.recordingId === recordingId)
      .map(({ entry }) => entry.offset / 10);

  it('has what was added, in order, for whoever finds the worker dead', async () => {
    const written = new WriteAheadLog(folder, log);
    const [one, other] = [new Fragments('one'), new Fragments('other')];
    for (const added of [one.next(), other.next(), one.next()]) written.add(added);
    await written.written();
    const left = await readWriteAheadLog(folder);
    expect(left.map(({ entry, bytes }) => [entry.recordingId, entry.offset, bytes[9]])).toEqual([
      ['one', 0, 0],
      ['other', 0, 0],
      ['one', 10, 1],
    ]);
    await written.close();
  });

  it('of a worker that never recorded is empty', async () => {
    expect(await readWriteAheadLog(folder)).toEqual([]);
  });

  it('leaves out the fragment within which the worker was killed', async () => {
    const [first, second] = [written(new Fragments('one').next()), written(new Fragments('two').next())];
    await mkdir(folder);
    await writeFile(path.join(folder, '1'), Buffer.concat([encodeLogged(first, 1), Buffer.alloc(10)]));
    const whole = Buffer.concat([encodeLogged(second, 1), Buffer.alloc(10)]);
    for (const byte of whole.subarray(0, -1)) {
      await appendFile(path.join(folder, '1'), Buffer.from([byte]));
      expect(await readWriteAheadLog(folder)).toHaveLength(1);
    }
    await appendFile(path.join(folder, '1'), whole.subarray(-1));
    expect(await readWriteAheadLog(folder)).toHaveLength(2);
  });

  it('removes what is saved when the next object is made, and no later file before an earlier one', async () => {
    const written = new WriteAheadLog(folder, log);
    const [one, other] = [new Fragments('one'), new Fragments('other')];
    for (const added of [one.next(), other.next()]) written.add(added);
    await written.written();
    written.rotate();
    written.add(one.next());
    await written.written();
    written.rotate();
    one.savedTo = 2;
    written.removeSaved();
    expect(await offsets('one')).toEqual([0, 1]);
    other.savedTo = 1;
    written.removeSaved();
    await written.close();
    expect(await readdir(path.dirname(folder))).toEqual([]);
  });

  it('of each file is without a hole, up to the newest fragment, or takes no more until the journal is further', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('add' as const) },
      { weight: 1, arbitrary: fc.constant('rotate' as const) },
      { weight: 1, arbitrary: fc.record({ saved: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ given: fc.nat(8) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), step), { maxLength: 40 }), async (steps) => {
        // Room for some ten fragments.
        const written = new WriteAheadLog(folder, log, 2_000);
        const files = [new Fragments('0'), new Fragments('1')];
        const added = [0, 0];
        for (const [n, one] of steps) {
          const file = files[n] as Fragments;
          const count = added[n] ?? 0;
          if (one === 'add') {
            written.add(file.next());
            added[n] = count + 1;
          } else if (one === 'rotate') written.rotate();
          else if ('saved' in one) {
            file.savedTo = Math.min(count, Math.max(file.savedTo, count - one.saved));
            written.removeSaved();
          } else file.keptFrom = Math.max(file.keptFrom, file.savedTo - one.given);
          await written.written();
          for (const name of ['0', '1']) {
            const there = await offsets(name);
            expect(there).toEqual(there.map((_, i) => (there[0] ?? 0) + i));
          }
        }
        await written.close();
      }),
      { numRuns: 50 },
    );
  });

  it('writes over what nobody needs any more, of which nothing is read: not before, not behind, not within', async () => {
    const walog = new WriteAheadLog(folder, log);
    const one = new Fragments('one');
    for (let i = 0; i < 3; i++) walog.add(one.next());
    await walog.written();
    const [name = ''] = await readdir(folder);
    const { ino, size } = await stat(path.join(folder, name));
    walog.rotate();
    one.savedTo = 3;
    walog.removeSaved();
    await expect.poll(() => offsets('one')).toEqual([]);
    walog.add(one.next());
    await walog.written();
    const [other = '', ...more] = await readdir(folder);
    expect(more).toEqual([]);
    expect(await stat(path.join(folder, other))).toMatchObject({ ino, size });
    expect(await offsets('one')).toEqual([3]);
    // Killed within the next one, whose bytes had not all been written.
    walog.add(one.next());
    await walog.written();
    expect(await offsets('one')).toEqual([3, 4]);
    const file = await open(path.join(folder, other), 'r+');
    await file.write(Buffer.of(0xff), 0, 1, Math.floor((2 * size) / 3) - 1);
    await file.close();
    expect(await offsets('one')).toEqual([3]);
    walog.rotate();
    one.savedTo = 5;
    walog.rest();
    await expect.poll(() => readdir(folder)).toEqual([]);
    await walog.close();
  });

  it('holds what waits for the disk, within bounds, and has no hole where it comes to more', async () => {
    const walog = new WriteAheadLog(folder, log);
    const one = new Fragments('one');
    let held = 0;
    const next = (bytes = 10): AddedToLog => {
      const fragment = one.next();
      const hold = async () => {
        held += 1;
        const release = (): void => {
          held -= 1;
        };
        return { ...(await fragment.hold()), release };
      };
      return { ...fragment, hold, entry: { ...fragment.entry, bytes } };
    };
    for (let i = 0; i < 3; i++) walog.add(next());
    expect(held).toBe(3);
    walog.add(next(17 * 1024 * 1024));
    walog.rotate();
    walog.add(next());
    await walog.written();
    await expect.poll(() => held).toBe(0);
    expect(await offsets('one')).toEqual([4]);
    await walog.close();
  });

  it('that cannot be written is none, and harms nobody', async () => {
    await writeFile(folder, 'a file where the folder should be');
    const written = new WriteAheadLog(folder, log);
    const one = new Fragments('one');
    written.add(one.next());
    await written.written();
    await rm(folder);
    written.add(one.next());
    await written.written();
    expect(await readWriteAheadLog(folder)).toEqual([]);
    written.rotate();
    written.add(one.next());
    await written.written();
    expect(await offsets('one')).toEqual([2]);
    await written.close();
  });
});

describe('what a dead worker left', () => {
  it('comes into objects that are no larger than they may be by more than one fragment', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const fragments = new Fragments('one');
        const logged = bytes.map((size) => ({
          entry: written(fragments.next()),
          bytes: Buffer.alloc(size),
        }));
        const objects = objectsOf(logged, 50);
        expect(objects.flat()).toEqual(logged);
        for (const object of objects)
          expect(object.slice(0, -1).reduce((sum, one) => sum + one.bytes.length, 0)).toBeLessThan(50);
      }),
    );
  });

  it('gets numbers that the worker cannot have used, and none that says it repeats the others', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 80 }), (last, count) => {
        const sequences = sequencesAfter(last, count);
        expect(sequences).toHaveLength(count);
        expect(sequences.toSorted((a, b) => a - b)).toEqual([...new Set(sequences)]);
        for (const sequence of sequences) {
          expect(sequence).toBeGreaterThan(last + 1);
          expect(sequence % REPEATED_EVERY).not.toBe(0);
        }
      }),
    );
  });

  it('is read as it was written', () => {
    const fragments = new Fragments('ünï');
    const [, second] = [fragments.next(), written(fragments.next())];
    const file = Buffer.concat([encodeLogged(second, 3), Buffer.alloc(10, 1)]);
    expect(decodeLogged(file, 3)).toEqual([{ entry: second, bytes: Buffer.alloc(10, 1) }]);
    expect(decodeLogged(file, 4)).toEqual([]);
  });
});
