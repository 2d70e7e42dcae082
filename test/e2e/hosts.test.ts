import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeAheadFolder } from '../../container/host/leftFragments.ts';
import { readWriteAheadLog } from '../../container/upload/writeAheadLog.ts';
import { retireHost } from '../../functions/aws/hosts.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import type { LoggedEntry } from '../../functions/core/journal/writeAhead.ts';
import { attemptKey, journalKey, journalPrefix } from '../../functions/core/state/keys.ts';
import { type Claim, claimSchema } from '../../functions/core/state/objects.ts';
import { readRecording } from '../../functions/recordings/read.ts';
import { LANDING } from '../../infra/local/place.ts';
import { waitFor } from '../support/children.ts';
import { publishCounter, readRecord } from '../support/counterStream.ts';
import { closersForTests } from '../support/forTests.ts';
import { LiveViewer } from '../support/liveViewer.ts';
import { LocalRecorder } from '../support/localRecorder.ts';
import { describeWith } from '../support/tools.ts';

describeWith(['ffmpeg'], 'recordings on warm hosts', () => {
  let recorder: LocalRecorder;
  let store: StateStore;
  const closers = closersForTests();

  beforeAll(async () => {
    recorder = await LocalRecorder.start(() => ({ hosts: 2 }));
    const { s3Url: endpoint, credentials, region } = recorder.runtime;
    store = new StateStore(new S3Client({ endpoint, region, credentials, forcePathStyle: true }), LANDING);
    await waitFor('two hosts with a worker', async () =>
      (await processes('worker')).length >= 2 ? true : undefined,
    );
  });
  afterAll(async () => {
    await recorder?.close();
  });

  async function record(stream: string): Promise<string> {
    const publisher = publishCounter(`${recorder.runtime.rtmpUrl}/live/${stream}`);
    closers.push(() => publisher.stop());
    await waitFor(`stream ${stream}`, async () => {
      const { status, body } = await recorder.call('GET', `/streams/${stream}`);
      return status === 200 && body.status === 'PUBLISHING' ? true : undefined;
    });
    const recordingId = await recorder.startRecording(stream);
    await recorder.reaches(recordingId, 'recording');
    return recordingId;
  }

  const claimOf = async (recordingId: string, attempt: number): Promise<Claim | undefined> =>
    (await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema))?.value;

  /** Waits until an attempt records: until it has one, the recording is as the one before has left it. */
  const partOf = (recordingId: string, attempt: number): Promise<unknown> =>
    waitFor(`a part of attempt ${attempt}`, async () => {
      const { parts } = (await readRecording(store, recordingId)) ?? {};
      return [...(parts?.values() ?? [])].find(({ open }) => open?.attempt === attempt);
    });

  /** Of this runtime's hosts: they have its spool folder in their environment. */
  async function processes(role: 'host' | 'worker', hostId = ''): Promise<number[]> {
    const found: number[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      if (!(await read('cmdline')).endsWith(`\0${role}\0`)) continue;
      const environment = await read('environ');
      if (!environment.includes(`SPOOL_DIR=${recorder.folder}`)) continue;
      if (environment.includes(`/api/${hostId}`)) found.push(Number(pid));
    }
    return found;
  }

  /** Counts of all parts, one after the other. */
  async function counters(recordingId: string): Promise<number[]> {
    const found = await recorder.reaches(recordingId, 'available');
    const all: number[] = [];
    // One that was killed in its first second holds nothing.
    for (const { part } of found.parts.filter(({ download }) => download !== undefined)) {
      const file = await recorder.download(found, part);
      const record = await readRecord(file);
      expect(record.errors).toBe('');
      all.push(...record.counters);
    }
    return all;
  }

  /** Somebody who watches it, and has seen something. */
  async function viewerOf(recordingId: string): Promise<LiveViewer> {
    const url = await waitFor('the link', async () => {
      const { play } = (await recorder.ask('GET', `/recordings/${recordingId}`)) as {
        play?: { hls?: { url: string } };
      };
      return play?.hls?.url;
    });
    const viewer = new LiveViewer(url);
    await viewer.begun;
    return viewer;
  }

  /** Each part that was watched has its pictures in a row, from the recording's first one to its last. */
  async function expectWatched(viewer: LiveViewer, recorded: readonly number[]): Promise<void> {
    const { parts, discontinuities } = await viewer.seen;
    expect([parts.length, discontinuities]).toEqual([2, 1]);
    const watched: number[][] = [];
    for (const [place, bytes] of parts.entries()) {
      const file = path.join(recorder.folder, `watched${place}.mp4`);
      await writeFile(file, bytes);
      const { counters: own, errors } = await readRecord(file);
      expect(errors).toBe('');
      expect(own).toEqual(own.map((_, n) => (own[0] ?? 0) + n));
      watched.push(own);
    }
    expect(watched[0]?.[0]).toBe(recorded[0]);
    expect(watched[1]?.at(-1)).toBe(recorded.at(-1));
    const known = new Set(recorded);
    expect(watched.flat().filter((frame) => !known.has(frame))).toEqual([]);
  }

  /** Of its last part, wall clock. */
  async function endOf(recordingId: string): Promise<number> {
    const { startTime = '', durationMs = 0 } = (await recorder.recording(recordingId)).parts.at(-1) ?? {};
    return Date.parse(startTime) + durationMs;
  }

  it('two beside each other, stopped each for itself, whole', async () => {
    const [first, second] = [await record('one'), await record('two')];
    const claims = await Promise.all([claimOf(first, 1), claimOf(second, 1)]);
    for (const claim of claims) expect(claim?.taskArn).toMatch(new RegExp(`/${claim?.hostId}$`));
    await delay(2_000);
    await recorder.stopRecording('one');
    const frames = await counters(first);
    expect(frames).toEqual(frames.map((_, index) => (frames[0] ?? 0) + index));
    expect((await recorder.recording(second)).status).toBe('recording');
    await recorder.stopRecording('two');
    await counters(second);
    expect(await endOf(second)).toBeGreaterThan(await endOf(first));
    // Nobody took it over, and nobody can.
    expect(await claimOf(second, 2)).toMatchObject({ void: { by: 'attempt 1' } });
    await waitFor('hosts that carry nothing', () =>
      recorder.runtime.runningRecordings().length === 0 ? true : undefined,
    );
  }, 180_000);

  /** What workers have on the disk of it, which is in their journals by and by: its last fragment. */
  async function logged(recordingId: string): Promise<LoggedEntry | undefined> {
    const folders = (await readdir(recorder.folder, { recursive: true, withFileTypes: true })).filter(
      ({ parentPath, name }) =>
        path.join(parentPath, name) === writeAheadFolder(path.dirname(parentPath), name),
    );
    const logs = await Promise.all(
      folders.map(({ parentPath, name }) => readWriteAheadLog(path.join(parentPath, name))),
    );
    return logs.flat().findLast(({ entry }) => entry.recordingId === recordingId)?.entry;
  }

  it('goes on in a task of its own when its worker has died, too young to be trusted; what the worker had received is kept', async () => {
    const recordingId = await record('three');
    const viewer = await viewerOf(recordingId);
    const s3Faults = new URL('/_faults', recorder.runtime.s3Url);
    const refuse = async (match: string): Promise<void> => {
      const action = { kind: 'fail', status: 503, code: 'ServiceUnavailable' };
      const rule = { service: 's3', operation: 'PutObject', match, times: 1_000, action };
      await fetch(s3Faults, { method: 'PUT', body: JSON.stringify([rule]) });
    };
    await refuse('^landing/state/journal/');
    const before = await waitFor('a log', () => logged(recordingId));
    const received = await waitFor('what only the disk has', async () => {
      const entry = await logged(recordingId);
      return (entry?.durationMs ?? 0) >= before.durationMs + 3_000 ? entry : undefined;
    });
    // The worker tries one object again and again; its supervisor writes another one.
    const { journal = '' } = (await claimOf(recordingId, 1)) ?? {};
    const written = await store.list(journalPrefix(journal));
    await refuse(`^landing/${journalKey(journal, written.length + 1)}$`);
    for (const pid of await processes('worker')) process.kill(pid, 'SIGKILL');
    const next = await waitFor('the next attempt', () => claimOf(recordingId, 2));
    expect(next.hostId).toBeUndefined();
    await partOf(recordingId, 2);
    await recorder.stopRecording('three');
    await fetch(s3Faults, { method: 'DELETE' });
    const frames = await counters(recordingId);
    expect(frames).toEqual([...frames].sort((a, b) => a - b));
    expect(new Set(frames).size).toBe(frames.length);
    const [first] = (await recorder.recording(recordingId)).parts;
    expect(first?.durationMs).toBeGreaterThanOrEqual(received.durationMs);
    await expectWatched(viewer, frames);
  }, 180_000);

  const tellToEnd = async (hostId: string): Promise<void> => {
    const host = (await processes('host', hostId)).at(0);
    if (host === undefined) throw new Error('there is no such host');
    process.kill(host, 'SIGTERM');
  };
  it.each([
    ['told', 'is told to end', tellToEnd],
    ['earlier', 'is of an earlier deployment', (hostId: string) => retireHost(store, hostId)],
  ] as const)(
    'is handed over without a gap when its host (%s) %s',
    async (stream, _how, end) => {
      await waitFor('workers', async () => ((await processes('worker')).length >= 2 ? true : undefined));
      const recordingId = await record(stream);
      const viewer = await viewerOf(recordingId);
      const first = await claimOf(recordingId, 1);
      await end(first?.hostId ?? '');
      const next = await waitFor('the next attempt', () => claimOf(recordingId, 2));
      expect(next.runId).not.toBe(first?.runId);
      expect(next.hostId).not.toBe(first?.hostId);
      await waitFor('the end of the first', () => store.etag(attemptKey(recordingId, 1, 'end')), {
        timeoutMs: 60_000,
      });
      await delay(1_000);
      await recorder.stopRecording(stream);
      const recorded = await counters(recordingId);
      await expectWatched(viewer, recorded);
      const frames = new Set(recorded);
      const [least, most] = [Math.min(...frames), Math.max(...frames)];
      // None is missing; those that both have seen are in both parts.
      expect(frames.size).toBe(most - least + 1);
    },
    180_000,
  );

  it('goes on when its host has died', async () => {
    await waitFor('a worker', async () => ((await processes('worker')).length > 0 ? true : undefined));
    const recordingId = await record('four');
    expect((await claimOf(recordingId, 1))?.hostId).toBeDefined();
    await recorder.saved(recordingId, 2_000);
    for (const pid of await processes('host')) process.kill(-pid, 'SIGKILL');
    await waitFor('the next attempt', () => claimOf(recordingId, 2));
    await partOf(recordingId, 2);
    await recorder.stopRecording('four');
    expect((await counters(recordingId)).length).toBeGreaterThan(25);
  }, 180_000);
});
