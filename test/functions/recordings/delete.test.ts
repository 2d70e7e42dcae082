import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { EventBus } from '../../../functions/aws/eventBus.ts';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { clipKey, clipMarkerKey } from '../../../functions/core/clips/keys.ts';
import {
  fragmentIndexKey,
  jobKey,
  outcomeKey,
  partKey,
  posterKey,
} from '../../../functions/core/state/keys.ts';
import type { Job, Outcome } from '../../../functions/core/state/objects.ts';
import { announceOutcome } from '../../../functions/recordings/announcements.ts';
import { deleteRecording } from '../../../functions/recordings/delete.ts';
import { MemoryStore } from '../../support/memoryStore.ts';
import { landedPart, START_MS } from '../relocation/landed.ts';

/** A day that is rotated by the minute. */
const PARTS = 1_440;
const CLIPS = 1_200;
const S3_MAX_KEYS = 1_000;
const LIBRARY = 'library';
const STATE = 'landing';
const CLOCK = { nowMs: () => START_MS };
const SILENT_BUS = { publish: async () => undefined } as unknown as EventBus;

/** State and library in memory, of which each request for deletions is counted. */
class Buckets {
  readonly state = new MemoryStore();
  /** ETags by key. */
  readonly library = new Map<string, string>();
  requests = 0;
  reads = 0;

  constructor() {
    this.state.before = (operation) => {
      if (operation === 'read') this.reads += 1;
    };
  }

  get store(): StateStore {
    return Object.assign(this.state, { bucket: STATE }) as unknown as StateStore;
  }

  get s3(): S3Client {
    return { send: async (command: object) => this.#deleted(command) } as unknown as S3Client;
  }

  #deleted(command: object): object {
    if (!(command instanceof DeleteObjectsCommand)) throw new Error(command.constructor.name);
    this.requests += 1;
    const { Bucket, Delete: { Objects = [] } = {} } = command.input;
    if (Objects.length === 0 || Objects.length > S3_MAX_KEYS) throw new Error('MalformedXML');
    const Errors = Objects.flatMap(({ Key = '', ETag }) => {
      if (Bucket === STATE) this.state.objects.delete(Key);
      else if (ETag !== this.library.get(Key)) return [{ Key, Code: 'PreconditionFailed' }];
      else this.library.delete(Key);
      return [];
    });
    return { Errors };
  }
}

/** A recording with so many parts in the library, each with its poster. */
function recorded(
  buckets: Buckets,
  parts: number,
): { readonly job: Job; readonly recordingId: string; end(): Outcome } {
  const { state, library } = buckets;
  const { job, open, final } = landedPart(Buffer.from('part'), 1, {});
  const { recordingId } = job;
  state.put(jobKey(recordingId), job);
  for (let part = 1; part <= parts; part++) {
    const record = { key: `${part}.mp4`, etag: `"${part}"`, bytes: 4 };
    const poster = { key: `${part}.poster.jpg`, etag: `"p${part}"`, bytes: 1 };
    for (const { key, etag } of [record, poster]) library.set(key, etag);
    state.put(partKey(recordingId, part, 'open'), { ...open, part });
    state.put(partKey(recordingId, part, 'final'), { ...final, part });
    state.put(fragmentIndexKey(recordingId, part), {});
    state.put(posterKey(recordingId, part), {});
    const moved = { part, bucket: LIBRARY, ...record, movedAtMs: START_MS, pictures: { poster } };
    state.put(partKey(recordingId, part, 'moved'), moved);
  }
  const reason: Outcome['reason'] = { code: 'stopped', message: 'stopped' };
  const outcome: Outcome = { status: 'finished', reason, parts, atMs: START_MS };
  const end = (): Outcome => {
    state.put(outcomeKey(recordingId), outcome);
    return outcome;
  };
  return { job, recordingId, end };
}

describe('a recording is deleted with its records', () => {
  it('in few requests, many at once, however many parts it has', async () => {
    const buckets = new Buckets();
    const { recordingId, end } = recorded(buckets, PARTS);
    end();
    const done = await deleteRecording(buckets, recordingId, { records: true, hasTime: () => true });
    expect(done).toEqual({ deletedRecords: PARTS, deletedClips: 0, remainingParts: 0 });
    expect(buckets.library.size).toBe(0);
    expect(buckets.state.keys('')).toEqual([]);
    // Of an object that a part has in the state one alone is read.
    expect(buckets.reads).toBeLessThan(PARTS + 10);
    expect(buckets.requests).toBeLessThanOrEqual(25);
  });

  it('goes on where an earlier call had no time, and leaves nothing', async () => {
    const buckets = new Buckets();
    const { recordingId, end } = recorded(buckets, 251);
    const call = () => deleteRecording(buckets, recordingId, { records: true, hasTime: () => false });
    await expect(call()).rejects.toMatchObject({ code: 'recording_active' });
    end();
    // Somebody else's by now.
    buckets.library.set('2.mp4', '"other"');
    expect(await call()).toEqual({ deletedRecords: 249, deletedClips: 0, remainingParts: 1 });
    // In the order of their keys.
    expect([...buckets.library.keys()].sort()).toEqual(['2.mp4', '99.mp4', '99.poster.jpg']);
    expect(await call()).toEqual({ deletedRecords: 1, deletedClips: 0, remainingParts: 0 });
    expect([...buckets.library.keys()]).toEqual(['2.mp4']);
    expect(buckets.state.keys('')).toEqual([]);
    await expect(call()).rejects.toMatchObject({ code: 'recording_not_found' });
  });

  it('and with what is noted of its end meanwhile, whoever of the two comes in at which step of the other', async () => {
    const steps = { announcing: 0, deleting: 0 };
    for (const whole of ['announcing', 'deleting'] as const) {
      for (let at = 1, isOver = false; !isOver; at++) {
        const buckets = new Buckets();
        const { job, recordingId, end } = recorded(buckets, 1);
        const outcome = end();
        const { state, store } = buckets;
        const work = {
          announcing: () => announceOutcome({ store, bus: SILENT_BUS, clock: CLOCK }, job, outcome),
          deleting: () => deleteRecording(buckets, recordingId, { records: true, hasTime: () => true }),
        };
        const inSteps = whole === 'announcing' ? 'deleting' : 'announcing';
        let step = 0;
        state.before = async () => {
          step += 1;
          if (step !== at) return;
          state.before = () => undefined;
          await work[whole]();
        };
        await work[inSteps]();
        isOver = step < at;
        if (isOver) await work[whole]().catch(() => undefined);
        else steps[inSteps] = at;
        expect({ inSteps, at, left: state.keys('') }).toEqual({ inSteps, at, left: [] });
      }
    }
    expect(steps.announcing).toBeGreaterThanOrEqual(3);
    expect(steps.deleting).toBeGreaterThanOrEqual(8);
  });

  it('and with its clips, all of them at once', async () => {
    const buckets = new Buckets();
    const { recordingId, end } = recorded(buckets, 1);
    end();
    for (let n = 1; n <= CLIPS; n++) {
      const clipId = `C${n}`;
      const record = {
        ...{ bucket: LIBRARY, key: `${n}.clip.mp4`, etag: `"c${n}"`, bytes: 1, crc32: 'AAAAAA==' },
        ...{ startTimeMs: START_MS, durationMs: 1, tracks: [], parts: [1], madeAtMs: START_MS },
      };
      buckets.library.set(record.key, record.etag);
      buckets.state.put(clipKey(recordingId, clipId), {
        ...{ clipId, recordingId, requestedAtMs: START_MS, requestId: 'q', kind: 'clip' },
        ...{ fromMs: 0, toMs: 1, status: 'available', record },
      });
      buckets.state.put(clipMarkerKey(recordingId, clipId), {});
    }
    // Somebody else's by now.
    buckets.library.set('7.clip.mp4', '"other"');
    const done = await deleteRecording(buckets, recordingId, { records: true, hasTime: () => true });
    expect(done).toEqual({ deletedRecords: 1, deletedClips: CLIPS - 1, remainingParts: 0 });
    expect([...buckets.library.keys()]).toEqual(['7.clip.mp4']);
    expect(buckets.state.keys('')).toEqual([]);
    expect(buckets.requests).toBeLessThanOrEqual(10);
  });
});
