import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { markActive } from '../../../functions/core/protocol/active.ts';
import { markWriting } from '../../../functions/core/protocol/writing.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  activeKey,
  attemptKey,
  partKey,
  sessionKey,
  writingKey,
} from '../../../functions/core/state/keys.ts';
import { Aftermath } from '../../../functions/mending/aftermath.ts';
import { Rescue } from '../../../functions/mending/rescue.ts';
import { counterStreamArgs } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const log = new Logger({ logLevel: 'SILENT' });

describeWith(['ffmpeg'], 'what follows a task that is gone', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let source: HttpSource;
  const launched: string[] = [];

  beforeAll(async () => {
    const args = counterStreamArgs().filter((arg) => arg !== '-re');
    source = await HttpSource.start(folder.pipe('short.flv', [...args, '-t', '5', '-f', 'flv']));
  });
  afterAll(async () => {
    await source.close();
  });

  function aftermath(): Aftermath {
    const clock = { nowMs: Date.now };
    const s3 = bench.rescuer('taskStopped');
    const store = new StateStore(s3, bench.store.bucket);
    return new Aftermath({
      s3,
      store,
      bus: bench.bus('taskStopped'),
      rescue: new Rescue({ s3, store, clock }),
      ports: {
        store,
        clock,
        tasks: { run: async (id, attempt) => void launched.push(`${id}-${attempt}`) },
        stopTasks: async () => undefined,
        sleep: async () => undefined,
        newRecordingId: () => newRecordingId(Date.now(), randomBytes(16)),
      },
    });
  }
  const gone = (recordingId: string, attempt = 1) => ({
    recordingId,
    attempt,
    reason: 'Spot',
    by: 'test',
    endedAtMs: Date.now(),
  });

  it('publishes what the recorder could not, once', async () => {
    const before = bench.events.length;
    bench.eventFaults.add({
      service: 'events',
      times: 100,
      action: { kind: 'fail', status: 500, code: 'InternalException' },
    });
    const { recordingId, reason } = await bench.record(source.url);
    expect(reason.code).toBe('source_ended');
    expect(bench.events.length).toBe(before);
    bench.eventFaults.clear();
    for (let i = 0; i < 2; i++) await aftermath().of(gone(recordingId), log);
    expect(bench.events.slice(before)).toEqual([
      'Recording Started',
      'Recording Part Finished',
      'Recording Finished',
    ]);
  }, 180_000);

  it('publishes nothing twice that the recorder has published', async () => {
    const before = bench.events.length;
    const { recordingId } = await bench.record(source.url);
    await aftermath().of(gone(recordingId), log);
    expect(bench.events.slice(before)).toHaveLength(3);
  }, 180_000);

  it('launches the next attempt while the stream goes on, and ends when it does not', async () => {
    const recordingId = await bench.createJob(source.url);
    const { mediaSessionId } = (await bench.objects(recordingId)).job;
    await markActive(bench.store, { recordingId, mediaSessionId });
    expect(await aftermath().of(gone(recordingId), log)).toEqual({ kind: 'relaunched', attempt: 2 });
    expect(await bench.store.list(activeKey(recordingId))).toHaveLength(1);
    expect(launched.at(-1)).toBe(`${recordingId}-2`);
    await bench.store.create(sessionKey(mediaSessionId), {
      mediaSessionId,
      name: 'camera',
      status: 'UNPUBLISHED',
      sourceUrl: source.url,
      eventAtMs: 1,
    });
    expect(await aftermath().of(gone(recordingId, 2), log)).toMatchObject({
      kind: 'ended',
      outcome: { status: 'failed', reason: { code: 'source_empty' }, parts: 0 },
    });
    expect(await bench.store.list(activeKey(recordingId))).toEqual([]);
  });

  it('says of files whose recorder is gone that nobody writes them, also those that are in the library, and no other', async () => {
    const recordingId = await bench.createJob(source.url);
    const { store } = bench;
    const { job } = await bench.objects(recordingId);
    const [rescued, moved, going] = [1, 2, 3];
    for (const part of [rescued, moved, going]) {
      const attempt = part === going ? 2 : 1;
      const file = { part, attempt, key: `records/${recordingId}/${attempt}/${part}`, uploadId: `u${part}` };
      await store.create(partKey(recordingId, part, 'open'), {
        ...{ ...file, fileName: `${part}.mp4`, format: 'mp4', openedAtMs: 1, startTimeMs: 1, tracks: [] },
      });
      await markWriting(store, job, { part, fileName: `${part}.mp4` });
    }
    await store.create(partKey(recordingId, moved, 'moved'), {
      ...{ part: moved, bucket: 'library', key: 'k', etag: 'e', bytes: 1, movedAtMs: 1 },
    });
    for (const attempt of [1, 2])
      await store.create(attemptKey(recordingId, attempt, 'claim'), { attempt, claimedAtMs: 1 });
    await aftermath().of(gone(recordingId), log);
    expect(await store.list(`state/writing/${recordingId}/`)).toEqual([
      writingKey(job, { part: going, fileName: `${going}.mp4` }),
    ]);
  });

  it('gives up after attempts that all ended soon', async () => {
    const recordingId = await bench.createJob(source.url);
    let settled = await aftermath().of(gone(recordingId, 1), log);
    for (let attempt = 2; settled?.kind === 'relaunched' && attempt < 20; attempt++) {
      settled = await aftermath().of(gone(recordingId, attempt), log);
    }
    expect(settled).toMatchObject({
      kind: 'ended',
      outcome: {
        status: 'failed',
        reason: { code: 'never_started', message: expect.stringContaining('Spot') },
      },
    });
    expect(launched.filter((one) => one.startsWith(recordingId))).toHaveLength(4);
  });
});
