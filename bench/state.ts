import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { EventBus } from '../functions/aws/eventBus.ts';
import { StateStore } from '../functions/aws/stateStore.ts';
import { markActive } from '../functions/core/protocol/active.ts';
import { NO_HOSTS } from '../functions/core/protocol/asks.ts';
import { markListed } from '../functions/core/protocol/listed.ts';
import { markWriting } from '../functions/core/protocol/writing.ts';
import { DEFAULT_SETTINGS } from '../functions/core/settings/settings.ts';
import { newRecordingId } from '../functions/core/state/ids.ts';
import {
  ACTIVE_MARKED_KEY,
  attemptKey,
  indexKey,
  jobKey,
  LISTED_MARKED_KEY,
  lockKey,
  outcomeKey,
  partKey,
  sessionKey,
} from '../functions/core/state/keys.ts';
import type { Job } from '../functions/core/state/objects.ts';
import { Aftermath } from '../functions/mending/aftermath.ts';
import { Reconciliation } from '../functions/mending/reconciliation.ts';
import { Rescue } from '../functions/mending/rescue.ts';
import { rescuerS3Client } from '../functions/mending/s3Client.ts';
import { listRecordings } from '../functions/recordings/list.ts';
import { activeRecordings } from '../functions/recordings/registry.ts';
import { listedSessions } from '../functions/recordings/sessions.ts';
import { startEcsServer } from '../infra/emulators/ecs/server.ts';
import type { Entry, Segment } from '../infra/emulators/s3/records.ts';
import { type Benchmark, type Measurement, median } from './report.ts';

const LANDING = 'landing';
const CLUSTER = 'recorders';
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };
const ACTIVE = 500;
const AT_ONCE = 32;
const RECONCILE_AIM_S = 30;
const FIND_ALL_AIM_S = 1;
const FIRST_PAGE_AIM_S = 1;
/** As the console asks for them. */
const PAGE = 50;

/** What has ended must cost nothing: a large deployment's state, with few recordings that go on. */
export const state: Benchmark = {
  name: 'state of a large deployment',
  async run({ quick }) {
    const ended = quick ? 10_000 : 100_000;
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-state-'));
    const dataDir = path.join(folder, 's3');
    writeEnded(dataDir, ended);
    const s3Process = fork(path.join(import.meta.dirname, 'recorder', 's3Process.ts'), {
      env: {
        DATA_DIR: dataDir,
        BUCKET: LANDING,
        ACCESS_KEY: CREDENTIALS.accessKeyId,
        SECRET_KEY: CREDENTIALS.secretAccessKey,
      },
    });
    try {
      const [{ url }] = (await once(s3Process, 'message')) as [{ readonly url: string }];
      return await measure(url, ended);
    } finally {
      s3Process.disconnect();
      await once(s3Process, 'exit');
      await rm(folder, { recursive: true });
    }
  },
};

async function measure(url: string, ended: number): Promise<Measurement[]> {
  const region = 'us-east-1';
  const s3 = rescuerS3Client({ endpoint: url, region, credentials: CREDENTIALS, forcePathStyle: true });
  const store = new StateStore(s3, LANDING);
  await begin(store);
  const ecsServer = await startEcsServer({ clusterName: CLUSTER, taskDefinitions: [] });
  const ecs = new ECSClient({ endpoint: ecsServer.url, region, credentials: CREDENTIALS });
  try {
    const clock = { nowMs: Date.now };
    const rescue = new Rescue({ s3, store, clock });
    const mend = (): never => {
      throw new Error('all is well: there is nothing to mend');
    };
    const neither = async (): Promise<never> => mend();
    const ports = {
      ...{ store, clock, tasks: { run: neither }, stopTasks: neither, sleep: neither },
      newRecordingId: mend,
    };
    // Nothing is to be announced.
    const bus = new EventBus(new EventBridgeClient({ region, credentials: CREDENTIALS }), 'none');
    const reconciliation = new Reconciliation({
      hostsService: NO_HOSTS,
      ...{ s3, ecs, store, clock, rescue, ports, cluster: CLUSTER, stopTasks: neither, relocate: neither },
      makeClip: neither,
      clipsQueue: { send: neither },
      aftermath: new Aftermath({ s3, store, rescue, bus, ports }),
    });
    const log = new Logger({ logLevel: 'ERROR' });
    const findAll = await seconds(async () => {
      const found = (await activeRecordings(store)).flatMap(({ fileNames }) => fileNames).length;
      if (found !== ACTIVE) throw new Error(`find_all found ${found} of ${ACTIVE}`);
    });
    const find = await seconds(async () => {
      const found = await Promise.all([listedSessions(store), activeRecordings(store)]);
      if (found.some(({ length }) => length !== ACTIVE)) throw new Error('find did not find all');
    });
    const reconcile = await seconds(async () => {
      const mended = Object.entries(await reconciliation.run(log)).filter(([, count]) => count > 0);
      if (mended.length > 0) throw new Error(`mended what was well: ${JSON.stringify(mended)}`);
    });
    const firstPage = await seconds(async () => {
      const found = (await listRecordings(store, { limit: PAGE, wants: () => true })).recordings.length;
      if (found !== PAGE) throw new Error(`the first page has ${found} of ${PAGE}`);
    });
    const detail = `${ended} ended recordings and sessions, ${ACTIVE} active`;
    return [
      { name: 'a run of reconcile', value: reconcile, unit: 's', aim: RECONCILE_AIM_S, detail },
      { name: 'find_all', value: findAll, unit: 's', aim: FIND_ALL_AIM_S, detail },
      { name: 'find', value: find, unit: 's', detail },
      { name: 'first page of the library', value: firstPage, unit: 's', aim: FIRST_PAGE_AIM_S, detail },
    ];
  } finally {
    await ecsServer.close();
  }
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < 3; i++) {
    const startedAt = performance.now();
    await run();
    taken.push((performance.now() - startedAt) / 1_000);
  }
  return median(taken);
}

/** Recordings that go on, as start and recorder leave them. */
async function begin(store: StateStore): Promise<void> {
  for (const key of [ACTIVE_MARKED_KEY, LISTED_MARKED_KEY]) await store.create(key, { atMs: Date.now() });
  const jobs = Array.from({ length: ACTIVE }, (_, i) => jobOf(i, Date.now()));
  for (let at = 0; at < jobs.length; at += AT_ONCE) {
    await Promise.all(jobs.slice(at, at + AT_ONCE).map((job) => beginOne(store, job)));
  }
}

async function beginOne(store: StateStore, job: Job): Promise<void> {
  const { recordingId, mediaSessionId, requestedAtMs } = job;
  await store.create(jobKey(recordingId), job);
  await markActive(store, job);
  await store.create(lockKey(mediaSessionId), { recordingId, acquiredAtMs: requestedAtMs });
  await store.create(indexKey(recordingId), { recordingId });
  await markListed(store, mediaSessionId, requestedAtMs);
  await store.create(sessionKey(mediaSessionId), sessionOf(mediaSessionId, 'PUBLISHING'));
  await store.create(attemptKey(recordingId, 1, 'claim'), { attempt: 1, claimedAtMs: requestedAtMs });
  // However long the benchmark takes, nothing is missing.
  await store.overwrite(attemptKey(recordingId, 1, 'progress'), {
    ...{ attempt: 1, atMs: Date.now() + 3_600_000, part: 1, bytes: 1, uploadedBytes: 0, durationMs: 1 },
    ...{ bitrateBps: 1, fps: 25, tailAgeMs: 1, spoolBytes: 0 },
  });
  const open = { part: 1, fileName: 'a.mp4' };
  await store.create(partKey(recordingId, 1, 'open'), {
    ...{ ...open, attempt: 1, key: `records/${recordingId}/1/a.mp4`, uploadId: 'u' },
    ...{ format: 'mp4', openedAtMs: requestedAtMs, startTimeMs: requestedAtMs, tracks: [] },
  });
  await markWriting(store, job, open);
}

/** What ended, straight into the endpoint's journal: half a million requests would take longer than all the rest. */
function writeEnded(dataDir: string, count: number): void {
  mkdirSync(path.join(dataDir, 'blobs'), { recursive: true });
  const nowMs = Date.now();
  const bodies: Buffer[] = [];
  const segments = new Map<string, { readonly segments: readonly Segment[]; readonly etag: string }>();
  let offset = 0;
  const blob = '0'.repeat(32);
  const body = (kind: string, value: object): void => {
    const bytes = Buffer.from(JSON.stringify(value));
    bodies.push(bytes);
    const etag = createHash('md5').update(bytes).digest('hex');
    segments.set(kind, { segments: [{ blob, offset, bytes: bytes.length }], etag });
    offset += bytes.length;
  };
  body('job', jobOf(0, nowMs));
  body('outcome', {
    status: 'finished',
    reason: { code: 'stopped', message: 'The recording was stopped.' },
    parts: 1,
    atMs: nowMs,
  });
  body('lock', { recordingId: jobOf(0, nowMs).recordingId, acquiredAtMs: nowMs, releasedAtMs: nowMs });
  body('session', sessionOf('ended', 'UNPUBLISHED'));
  writeFileSync(path.join(dataDir, 'blobs', blob), Buffer.concat(bodies));

  const lines: string[] = [];
  const add = (entry: Entry): void => {
    lines.push(JSON.stringify({ sequence: lines.length + 1, entry }));
  };
  const put = (key: string, kind: string): void => {
    const { segments: where = [], etag = '' } = segments.get(kind) ?? {};
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' } as const;
    const object = {
      ...{ headers: {}, metadata: {}, tags: [], etag, segments: where, checksum },
      ...{ bytes: where[0]?.bytes ?? 0, lastModifiedMs: nowMs },
    };
    add({ type: 'put', bucket: LANDING, key, object });
  };
  add({ type: 'bucket', bucket: LANDING, createdMs: nowMs });
  for (let i = 0; i < count; i++) {
    const { recordingId } = jobOf(i, nowMs - 3_600_000);
    put(jobKey(recordingId), 'job');
    put(outcomeKey(recordingId), 'outcome');
    put(indexKey(recordingId), 'lock');
    put(lockKey(`ended-${i}`), 'lock');
    put(sessionKey(`ended-${i}`), 'session');
  }
  writeFileSync(path.join(dataDir, 'journal.jsonl'), `${lines.join('\n')}\n`);
}

function jobOf(index: number, requestedAtMs: number): Job {
  const random = Buffer.alloc(16);
  for (let at = 0, rest = index; rest > 0; at++, rest >>= 5) random[at] = rest & 31;
  return {
    recordingId: newRecordingId(requestedAtMs, random),
    mediaSessionId: `active-${index}`,
    requestedAtMs,
    requestId: 'bench',
    source: { url: 'rtmp://media.example/live/key' },
    stream: { name: `stream${index}` },
    settings: DEFAULT_SETTINGS,
  };
}

const sessionOf = (mediaSessionId: string, status: string) => ({
  ...{ mediaSessionId, name: 'camera', status, sourceUrl: 'rtmp://media.example/live/key' },
  eventAtMs: Date.now(),
});
