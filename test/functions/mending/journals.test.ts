import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import {
  attemptKey,
  controlKey,
  journalPrefix,
  outcomeKey,
  partKey,
} from '../../../functions/core/state/keys.ts';
import type { OpenPart } from '../../../functions/core/state/partObjects.ts';
import { removeSettled, sweepJournals } from '../../../functions/mending/journalRemoval.ts';
import { Rescue } from '../../../functions/mending/rescue.ts';
import { Walk } from '../../../functions/mending/walk.ts';
import type { FaultCall } from '../../../infra/emulators/shared/faults.ts';
import { benchForTests } from '../../support/forTests.ts';
import { JournalForTests } from '../../support/journal.ts';

const KIB = 1024;
const LANDING = 'landing';
const HOUR_MS = 3_600_000;
/** Nobody watches any more what was written by now. */
const AFTERWARDS = Date.now() + 3 * HOUR_MS;
const log = new Logger({ logLevel: 'SILENT' });

describe('the journal of a dead worker', () => {
  const bench = benchForTests();
  let count = 0;

  /** Recordings that a worker carried: so many objects of its journal have so much of each of them. */
  async function deadWorker(recordings: number, objects: number, bytesEach: number) {
    count += 1;
    const journal = new JournalForTests(bench.s3, LANDING, `host/worker${count}`);
    const parts = await Promise.all(
      Array.from({ length: recordings }, async () => {
        const recordingId = await bench.createJob('rtmp://host/live/key');
        const key = `records/${recordingId}/1/cam.mp4`;
        const created = await bench.s3.send(
          new CreateMultipartUploadCommand({
            Bucket: LANDING,
            Key: key,
            ChecksumAlgorithm: 'CRC32',
            ChecksumType: 'FULL_OBJECT',
          }),
        );
        const open: OpenPart = {
          ...{ part: 1, attempt: 1, file: 1, key, uploadId: created.UploadId ?? '', fileName: 'cam.mp4' },
          ...{ format: 'mp4', openedAtMs: 1_000, startTimeMs: 900, tracks: [] },
        };
        await bench.store.create(partKey(recordingId, 1, 'open'), open);
        await bench.store.create(attemptKey(recordingId, 1, 'claim'), {
          ...{ attempt: 1, claimedAtMs: 1_000, runId: 'run', journal: journal.id },
        });
        const data = randomBytes(objects * bytesEach);
        return { recordingId, open, data, journal: journal.id, endedAtMs: 9_000 };
      }),
    );
    const keys: string[] = [];
    for (let n = 0; n < objects; n++) keys.push(await write(n));
    return { journal, parts, keys, write };

    function write(n: number, spoil?: (object: Buffer) => Buffer): Promise<string> {
      const [offset, end] = [n * bytesEach, (n + 1) * bytesEach];
      return journal.write(
        parts.map(({ recordingId, data }) => ({
          ...{ recordingId, attempt: 1, file: 1, offset, bytes: data.subarray(offset, end) },
          ...{ durationMs: end, videoFrames: n + 1, atMs: 2_000 + n },
        })),
        spoil,
      );
    }
  }

  const removal = () => ({ s3: bench.s3, store: bench.store });
  const rescuer = () =>
    new Rescue({ s3: bench.rescuer('settle'), store: bench.store, clock: { nowMs: () => 9_000 } });
  const left = (id: string) => bench.store.list(journalPrefix(id));

  /** Reads of journals from now on, by key. */
  const countReads = () =>
    countCalls(({ operation, target }) => operation === 'GetObject' && target.includes('/state/journal/'));

  function countCalls(isCounted: (call: FaultCall) => boolean): Map<string, number> {
    const calls = new Map<string, number>();
    const { faults } = bench;
    const before = faults.hit.bind(faults);
    faults.hit = (call) => {
      if (isCounted(call)) calls.set(call.target, (calls.get(call.target) ?? 0) + 1);
      return before(call);
    };
    return calls;
  }
  afterEach(() => {
    bench.faults.clear();
    Reflect.deleteProperty(bench.faults, 'hit');
  });

  it('gives ten recordings that are rescued side by side all that was saved, each object read once, and goes', async () => {
    const { parts, keys, journal } = await deadWorker(10, 20, 40 * KIB);
    const reads = countReads();
    const looks = countCalls(({ operation }) => operation === 'ListParts');
    const rescue = rescuer();
    const journals = rescue.journals(true);
    const finals = await Promise.all(parts.map((part) => rescue.rescue(part, log, journals)));
    for (const [i, final] of finals.entries()) {
      expect(final).toMatchObject({
        bytes: 800 * KIB,
        durationMs: 800 * KIB,
        videoFrames: 20,
        recovered: true,
      });
      expect((await bench.object(parts[i]?.open.key ?? '')).equals(parts[i]?.data ?? Buffer.alloc(0))).toBe(
        true,
      );
    }
    expect([...reads.values()]).toEqual(keys.map(() => 1));
    // What was uploaded is completed by what S3 answered.
    expect([...looks.values()]).toEqual(parts.map(() => 1));
    expect(await removeSettled(removal(), journals, AFTERWARDS, log)).toBe(20);
    expect(await left(journal.id)).toEqual([]);
    expect([...reads.values()]).toEqual(keys.map(() => 1));
  });

  it('gives one that is rescued later what was written since, where the worker may live', async () => {
    const { parts, write } = await deadWorker(2, 3, 10 * KIB);
    const [first, second] = parts;
    if (first === undefined || second === undefined) throw new Error('there are two');
    const rescue = rescuer();
    const journals = rescue.journals(true);
    await rescue.rescue({ ...first, mayLive: true }, log, journals);
    for (const part of parts)
      Object.assign(part, { data: Buffer.concat([part.data, randomBytes(10 * KIB)]) });
    const late = await write(3);
    const reads = countReads();
    const final = await rescue.rescue({ ...second, mayLive: true }, log, journals);
    expect(final).toMatchObject({ bytes: 40 * KIB });
    expect((await bench.object(second.open.key)).equals(second.data)).toBe(true);
    // What both had found is read no second time.
    expect([...reads]).toEqual([[expect.stringContaining(late), 1]]);
    expect(journals.ids).toEqual([second.journal]);
  });

  it('stays, unread, for whoever watches a recording that goes on elsewhere, as long as anybody may', async () => {
    const { parts, keys, journal } = await deadWorker(1, 3, 10 * KIB);
    const rescue = rescuer();
    const journals = rescue.journals(true);
    await Promise.all(parts.map((part) => rescue.rescue(part, log, journals)));
    const reads = countReads();
    expect(await removeSettled(removal(), journals, Date.now() + HOUR_MS, log)).toBe(0);
    expect([await left(journal.id), reads.size]).toEqual([keys, 0]);
    const [recordingId = ''] = parts.map((part) => part.recordingId);
    const outcome = { status: 'finished', reason: { code: 'stopped', message: 'x' }, parts: 1, atMs: 9_000 };
    await bench.store.create(outcomeKey(recordingId), outcome);
    // Who watched it goes back in what there was.
    await bench.store.create(controlKey(recordingId), { commands: [], watchedAtMs: 9_000 });
    expect(await removeSettled(removal(), journals, Date.now() + HOUR_MS, log)).toBe(0);
    await bench.store.overwrite(controlKey(recordingId), { commands: [] });
    expect(await removeSettled(removal(), journals, Date.now() + HOUR_MS, log)).toBe(3);
  });

  it('gives one recording its own bytes alone, and stays for the others', async () => {
    const { parts, keys, journal } = await deadWorker(3, 6, 100 * KIB);
    const [one, ...others] = parts;
    if (one === undefined) throw new Error('there is one');
    const rescue = rescuer();
    const journals = rescue.journals(false);
    await rescue.rescue(one, log, journals);
    expect((await bench.object(one.open.key)).equals(one.data)).toBe(true);
    expect(await removeSettled(removal(), journals, AFTERWARDS, log)).toBe(0);
    expect(await left(journal.id)).toEqual(keys);
    const last = rescue.journals(true);
    await Promise.all(others.map((part) => rescue.rescue(part, log, last)));
    // The first one's record is complete, and not in the library yet: whoever looks later finds it there.
    await bench.store.create(partKey(one.recordingId, 1, 'moved'), {
      ...{ part: 1, bucket: 'library', key: 'cam.mp4', etag: '"e"', bytes: 1, movedAtMs: 9_000 },
    });
    expect(await removeSettled(removal(), last, AFTERWARDS, log)).toBe(6);
    expect(await left(journal.id)).toEqual([]);
  });

  it.each([
    ['cut short', (object: Buffer) => object.subarray(0, object.length - 7)],
    ['shorter than its end', (object: Buffer) => object.subarray(0, 5)],
    ['empty', () => Buffer.alloc(0)],
    ['damaged in its bytes', (object: Buffer) => object.fill(0xff, 10, 20)],
    ['somebody else’s', () => Buffer.from('{"no":"journal"}')],
  ])('with an object that is %s gives what comes before it, and nothing wrong', async (_how, spoil) => {
    const { parts, write } = await deadWorker(1, 3, 50 * KIB);
    const [part] = parts;
    if (part === undefined) throw new Error('there is one');
    await write(3, spoil);
    const whole = Buffer.concat([part.data, randomBytes(100 * KIB)]);
    Object.assign(part, { data: whole });
    await write(4);
    const final = await rescuer().rescue(part, log);
    expect(final).toMatchObject({ bytes: 150 * KIB, durationMs: 150 * KIB });
    expect((await bench.object(part.open.key)).equals(whole.subarray(0, 150 * KIB))).toBe(true);
  });

  it('changes nothing when an object of it comes late; the object goes by and by', async () => {
    const { parts, write, journal } = await deadWorker(2, 3, 10 * KIB);
    const rescue = rescuer();
    const journals = rescue.journals(true);
    await Promise.all(parts.map((part) => rescue.rescue(part, log, journals)));
    await removeSettled(removal(), journals, AFTERWARDS, log);
    for (const part of parts)
      Object.assign(part, { data: Buffer.concat([part.data, randomBytes(10 * KIB)]) });
    const late = await write(3);
    for (const part of parts) {
      expect(await rescue.rescue(part, log)).toBeUndefined();
      expect((await bench.object(part.open.key)).equals(part.data.subarray(0, 30 * KIB))).toBe(true);
    }
    const sweep = async (afterMs: number) => {
      const walk = await Walk.resume(bench.store, () => true);
      const nowMs = Date.now() + afterMs;
      await sweepJournals({ s3: bench.s3, store: bench.store }, walk, nowMs, log);
      return left(journal.id);
    };
    // Its recordings are not in the library yet; then they are.
    expect(await sweep(3 * HOUR_MS)).toEqual([late]);
    for (const { recordingId } of parts) {
      await bench.store.create(partKey(recordingId, 1, 'moved'), {
        ...{ part: 1, bucket: 'library', key: 'cam.mp4', etag: '"e"', bytes: 1, movedAtMs: 9_000 },
      });
    }
    expect(await sweep(0)).toEqual([late]);
    expect(await sweep(3 * HOUR_MS)).toEqual([]);
  });
});
