import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mergeView } from '../../../functions/core/api/mergeView.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../../../functions/core/events/published.ts';
import {
  MERGE_MAX_MS,
  MERGE_PARTICIPANTS_MAX,
  type MergeJob,
  type MergeObjects,
  mergeStatus,
} from '../../../functions/core/rooms/merge.ts';
import {
  MERGE_MARKERS_PREFIX,
  MERGES_INDEX_PREFIX,
  mergeKey,
} from '../../../functions/core/rooms/mergeKeys.ts';
import { recordingStatus } from '../../../functions/core/state/fold.ts';
import { indexKey, jobKey, partKey, recordingPrefix } from '../../../functions/core/state/keys.ts';
import { jobSchema } from '../../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../../functions/core/state/partObjects.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { expireMerges, FINISHED_STATE_KEPT_MS } from '../../../functions/mending/expiry.ts';
import { deleteRecording } from '../../../functions/recordings/delete.ts';
import { readRecording } from '../../../functions/recordings/read.ts';
import type { Composer } from '../../../functions/rooms/mergeComposing.ts';
import { refusalOf } from '../../../functions/rooms/mergePlanning.ts';
import { readMerge } from '../../../functions/rooms/mergeReading.ts';
import { SILENT } from '../clips/making.ts';
import { MoveBench } from '../relocation/bench.ts';
import { askMerge, endRecording, keepInRoom, mergeMaking, NOW_MS } from './room.ts';

let bench: MoveBench;
beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

const part = (startMs: number, durationMs = 5_000) => ({ startMs, durationMs });

async function now({ mergeId }: MergeJob): Promise<MergeObjects> {
  const found = await readMerge(bench.store, mergeId);
  if (found === undefined) throw new Error('there is no such merge');
  return found;
}
const statusOf = async (job: MergeJob) => mergeStatus(await now(job));
const openUploads = async (): Promise<number> =>
  (await bench.s3.send(new ListMultipartUploadsCommand({ Bucket: 'landing' }))).Uploads?.length ?? 0;

/** A composing task that does what it is told to, and is there until it has. */
class Task implements Composer {
  runs = 0;
  stopped = 0;
  atWork = false;
  async run(): Promise<readonly string[]> {
    this.runs += 1;
    this.atWork = true;
    return [];
  }
  async isAtWork(): Promise<boolean> {
    return this.atWork;
  }
  async stop(): Promise<void> {
    this.stopped += 1;
  }
}

/** The task opens its file. */
async function openFile({ mergeId }: MergeJob): Promise<OpenPart> {
  const key = `records/${mergeId}/1/merged.mp4`;
  const metadata = { 'recording-id': mergeId, part: '1' };
  const upload = { Bucket: 'landing', Key: key, Metadata: metadata };
  const { UploadId = '' } = await bench.s3.send(new CreateMultipartUploadCommand(upload));
  const open: OpenPart = {
    ...{ part: 1, attempt: 1, key, uploadId: UploadId, fileName: 'merged.mp4', format: 'mp4' },
    ...{ openedAtMs: NOW_MS, startTimeMs: NOW_MS - 3_600_000, tracks: [{ kind: 'video', codec: 'h264' }] },
  };
  await bench.store.create(partKey(mergeId, 1, 'open'), open);
  return open;
}

/** The task completes its file. */
async function completeFile({ mergeId }: MergeJob, open: OpenPart): Promise<void> {
  const body = Buffer.alloc(9_000, 1);
  const described = describePart(1, body);
  const { key, uploadId, startTimeMs, tracks } = open;
  const final: FinalPart = {
    ...{ part: 1, attempt: 1, key, uploadId, format: 'mp4', startTimeMs, tracks, videoFrames: 9 },
    ...{ uploaded: [described], newFirst: described, bytes: body.length, crc32: described.crc32 },
    ...{ durationMs: 5_000, endTimeMs: startTimeMs + 5_000, recovered: false, finalizedAtMs: NOW_MS },
    ...{ startTimeMillis: startTimeMs, endTimeMillis: startTimeMs + 5_000 },
  };
  await bench.store.create(partKey(mergeId, 1, 'final'), final);
  await bench.put('landing', key, body, { 'recording-id': mergeId, part: '1' });
}

it('waits for what goes on, has it composed, and is a recording like any other', async () => {
  const room = 'team/daily';
  await keepInRoom(bench, room, { name: 'a', parts: { 1: part(0) } });
  const going = await keepInRoom(bench, room, { name: 'b', parts: { 1: part(1_000) }, goesOn: true });
  const job = await askMerge(bench, room, { layout: 'grid' });
  const task = new Task();
  let nowMs = NOW_MS;
  const making = mergeMaking(bench, { composer: task, nowMs: () => nowMs });
  expect(await making.make(job.mergeId, SILENT)).toEqual({ againMs: 15_000 });
  expect(await statusOf(job)).toBe('waiting');
  expect(task.runs).toBe(0);
  await endRecording(bench, going);
  await making.make(job.mergeId, SILENT);
  expect(await statusOf(job)).toBe('processing');
  expect((await now(job)).plan?.participants.map(({ name }) => name)).toEqual(['a', 'b']);
  nowMs += 60_000;
  await making.make(job.mergeId, SILENT);
  expect(task.runs).toBe(1);
  const open = await openFile(job);
  // Unlike one that has become a recording.
  expect(await bench.store.etag(indexKey(job.mergeId))).toBeUndefined();
  const unread = { recordingId: going.recordingId, streamName: 'b', part: 1, reason: 'unreadable' } as const;
  const progress = { startedAtMs: nowMs, atMs: nowMs, percent: 99, leftOut: [unread] };
  await bench.store.overwrite(mergeKey(job.mergeId, 'progress'), progress);
  expect(mergeView(await now(job)).leftOut).toEqual([unread]);
  await completeFile(job, open);
  expect(await making.make(job.mergeId, SILENT)).toEqual({ againMs: 2_000 });
  await bench.move(open.key);
  expect(await making.make(job.mergeId, SILENT)).toBe('settled');
  expect(await statusOf(job)).toBe('available');
  const objects = await readRecording(bench.store, job.mergeId);
  expect(objects === undefined ? undefined : recordingStatus(objects)).toBe('available');
  expect(objects?.job).toMatchObject({ merge: { room, layout: 'grid' }, stream: { name: room } });
  expect(await bench.store.etag(indexKey(job.mergeId))).toBeDefined();
  expect(await bench.store.list(MERGE_MARKERS_PREFIX)).toEqual([]);
  const told = bench.events.find(
    ({ detail }) => (detail as { id: string }).id === `${job.mergeId}/room-merged`,
  );
  expect(EVENT_SCHEMAS[EVENT_TYPES.roomMerged].parse(told?.detail)).toMatchObject({
    room,
    participants: ['a', 'b'],
    leftOut: [unread],
  });

  // The next one of the room has the same participants, and not this one.
  const again = await askMerge(bench, room, { layout: 'grid' });
  await making.make(again.mergeId, SILENT);
  expect((await now(again)).plan?.participants.map(({ name }) => name)).toEqual(['a', 'b']);

  // With its recording the merge is forgotten.
  await deleteRecording(bench, job.mergeId, { records: true, hasTime: () => true });
  expect(await readMerge(bench.store, job.mergeId)).toBeUndefined();
  expect((await bench.store.list('state/')).filter((key) => key.includes(job.mergeId))).toEqual([]);
});

it('takes what is in the library, and says what it left out', async () => {
  await keepInRoom(bench, 'take', { name: 'a', parts: { 1: part(0) } });
  const { recordingId } = await keepInRoom(bench, 'take', { name: 'b', parts: {}, goesOn: true });
  const lost = await keepInRoom(bench, 'take', { name: 'c', parts: { 1: part(0) } });
  const Key = (await readRecording(bench.store, lost.recordingId))?.parts.get(1)?.moved?.key;
  await bench.s3.send(new DeleteObjectCommand({ Bucket: 'library', Key }));
  const job = await askMerge(bench, 'take', { layout: 'audio', running: 'take' });
  await mergeMaking(bench, { composer: new Task() }).make(job.mergeId, SILENT);
  const { plan } = await now(job);
  expect(plan?.participants.map(({ name }) => name)).toEqual(['a']);
  expect(plan?.leftOut).toEqual([
    { recordingId, streamName: 'b', reason: 'being_recorded' },
    { recordingId: lost.recordingId, streamName: 'c', part: 1, reason: 'record_gone' },
  ]);
});

it.each([
  ['nothing of it can be taken as it is', 'nothing_shown', { format: 'webm' }],
  ['an MP4 has no index', 'nothing_shown', {}],
] as const)('cannot be made: %s', async (what, code, given) => {
  await keepInRoom(bench, what, { name: 'a', parts: { 1: { ...part(0), ...given } } });
  const job = await askMerge(bench, what);
  expect(await mergeMaking(bench).make(job.mergeId, SILENT)).toBe('settled');
  expect((await now(job)).outcome).toMatchObject({ status: 'failed', reason: { code } });
  const failed = bench.events.filter(
    ({ detail }) => (detail as { recordingId: string }).recordingId === job.mergeId,
  );
  expect(failed.map((event) => event['detail-type'])).toEqual([EVENT_TYPES.roomMergeFailed]);
  expect(EVENT_SCHEMAS[EVENT_TYPES.roomMergeFailed].parse(failed[0]?.detail)).toBeDefined();
});

it('cannot be made of more than fit into one file, nor of days', () => {
  const participants = Array.from({ length: MERGE_PARTICIPANTS_MAX + 1 }, () => ({ name: 'p', pieces: [] }));
  const plan = { zeroMs: 0, durationMs: MERGE_MAX_MS, participants: participants.slice(1), leftOut: [] };
  expect(refusalOf({ plan, pending: [] })).toBeUndefined();
  expect(refusalOf({ plan: { ...plan, participants }, pending: [] })).toMatch(/^51 participants/);
  expect(refusalOf({ plan: { ...plan, durationMs: MERGE_MAX_MS + 1 }, pending: [] })).toMatch(
    /give from and to/,
  );
});

it('is composed again where a task ended without a result, three times', async () => {
  await keepInRoom(bench, 'tries', { name: 'a', parts: { 1: part(0) } });
  const job = await askMerge(bench, 'tries', { layout: 'grid' });
  const task = new Task();
  let nowMs = NOW_MS;
  const making = mergeMaking(bench, { composer: task, nowMs: () => nowMs });
  for (let tries = 1; tries <= 3; tries++) {
    await making.make(job.mergeId, SILENT);
    expect(task.runs).toBe(tries);
    nowMs += 60_000;
    await making.make(job.mergeId, SILENT);
    expect(task.runs).toBe(tries);
    task.atWork = false;
  }
  const open = await openFile(job);
  const before = await openUploads();
  expect(await making.make(job.mergeId, SILENT)).toBe('settled');
  expect((await now(job)).outcome?.reason?.code).toBe('composer_failed');
  expect(await openUploads()).toBe(before - 1);
  expect(await bench.store.list(recordingPrefix(job.mergeId))).toEqual([]);
  expect(await bench.keys('landing', open.key)).toEqual([]);
});

it('asks ECS again while that has no room', async () => {
  await keepInRoom(bench, 'no room', { name: 'a', parts: { 1: part(0) } });
  const job = await askMerge(bench, 'no room', { layout: 'grid' });
  const making = mergeMaking(bench);
  for (let looks = 0; looks < 5; looks++)
    expect(await making.make(job.mergeId, SILENT)).toEqual({ againMs: 10_000 });
  expect(await statusOf(job)).toBe('processing');
});

it('fails for what its task says', async () => {
  await keepInRoom(bench, 'failure', { name: 'a', parts: { 1: part(0) } });
  const job = await askMerge(bench, 'failure', { layout: 'grid' });
  const making = mergeMaking(bench, { composer: new Task() });
  await making.make(job.mergeId, SILENT);
  const reason = { code: 'record_gone', message: 'A record is gone.' } as const;
  await bench.store.create(mergeKey(job.mergeId, 'failure'), { atMs: NOW_MS, reason });
  await making.make(job.mergeId, SILENT);
  expect((await now(job)).outcome).toMatchObject({ status: 'failed', reason });
});

it.each(['before it is planned', 'while it is composed'])('is given up %s', async (when) => {
  const goesOn = when === 'before it is planned';
  await keepInRoom(bench, when, { name: 'a', parts: { 1: part(0) }, goesOn });
  const job = await askMerge(bench, when, { layout: 'grid' });
  const task = new Task();
  const making = mergeMaking(bench, { composer: task });
  await making.make(job.mergeId, SILENT);
  const before = await openUploads();
  if (!goesOn) await openFile(job);
  await bench.store.create(mergeKey(job.mergeId, 'cancel'), { requestedAtMs: NOW_MS, requestId: 'r' });
  expect(await statusOf(job)).toBe('canceling');
  if (!goesOn) {
    expect(await making.make(job.mergeId, SILENT)).toEqual({ againMs: 2_000 });
    expect(task.stopped).toBe(1);
    task.atWork = false;
  }
  expect(await making.make(job.mergeId, SILENT)).toBe('settled');
  expect(await statusOf(job)).toBe('canceled');
  expect(await openUploads()).toBe(before);
  expect(await bench.store.list(recordingPrefix(job.mergeId))).toEqual([]);
  expect(await bench.store.read(jobKey(job.mergeId), jobSchema)).toBeUndefined();
});

it('is kept when it is whole before it is given up', async () => {
  await keepInRoom(bench, 'late', { name: 'a', parts: { 1: part(0) } });
  const job = await askMerge(bench, 'late', { layout: 'grid' });
  const making = mergeMaking(bench, { composer: new Task() });
  await making.make(job.mergeId, SILENT);
  const open = await openFile(job);
  await completeFile(job, open);
  await bench.store.create(mergeKey(job.mergeId, 'cancel'), { requestedAtMs: NOW_MS, requestId: 'r' });
  await making.make(job.mergeId, SILENT);
  await bench.move(open.key);
  expect(await making.make(job.mergeId, SILENT)).toBe('settled');
  expect(await statusOf(job)).toBe('available');
});

it('is forgotten when it is old, unless it is not settled', async () => {
  const before = await bench.store.list(MERGES_INDEX_PREFIX);
  const settled = (
    await Promise.all(
      before.map(async (key) => {
        const mergeId = key.slice(-26);
        return (await readMerge(bench.store, mergeId))?.outcome === undefined ? [] : [mergeId];
      }),
    )
  ).flat();
  expect(await expireMerges(bench, NOW_MS + FINISHED_STATE_KEPT_MS - 1)).toBe(0);
  expect(await expireMerges(bench, NOW_MS + FINISHED_STATE_KEPT_MS + 60_000)).toBe(settled.length);
  const left = (await bench.store.list(MERGES_INDEX_PREFIX)).map((key) => key.slice(-26));
  expect(left.length).toBe(before.length - settled.length);
  expect(left.some((mergeId) => settled.includes(mergeId))).toBe(false);
});
