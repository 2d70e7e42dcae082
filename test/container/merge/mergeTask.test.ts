import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type * as z from 'zod/mini';
import { composeMerge, type MergeTaskOptions } from '../../../container/merge/mergeTask.ts';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { logger } from '../../../functions/aws/logger.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import type { MergeLayout } from '../../../functions/core/rooms/layout.ts';
import {
  type MergeJob,
  type MergeParticipant,
  type MergePiece,
  mergeFailureSchema,
  mergeProgressSchema,
} from '../../../functions/core/rooms/merge.ts';
import { mergeKey } from '../../../functions/core/rooms/mergeKeys.ts';
import { resultJob } from '../../../functions/core/rooms/mergeResult.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { fragmentIndexKey, jobKey, partKey, posterKey } from '../../../functions/core/state/keys.ts';
import { finalPartSchema, openPartSchema } from '../../../functions/core/state/partObjects.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';
import { MERGE_TASK } from '../../../infra/wiring.ts';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { refuseDenials } from '../../support/denials.ts';
import { patientPictures, RECORDER_FFMPEG, SYSTEM_FFMPEG } from '../../support/recorderBench.ts';
import { makeTake, readClocks, type Take } from '../../support/room.ts';
import { TestRoles } from '../../support/testRoles.ts';
import { expectPictures, expectSound, FPS, FRAMES, PICTURE, TAKES } from './roomOfFour.ts';

const CREDENTIALS = { accessKeyId: 'merge', secretAccessKey: 'merge-secret' };
const [LANDING, LIBRARY] = ['landing', 'library'];
const ZERO_MS = Date.UTC(2026, 6, 1, 12);
let folder: string;
let server: S3Server;
/** Of the test itself. */
let s3: MergeTaskOptions['s3'];
let store: StateStore;
/** Of the task, with its rights. */
let its: Pick<MergeTaskOptions, 's3' | 'store'>;
const roles = new TestRoles(CREDENTIALS);
let participants: MergeParticipant[];
let merges = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'merge-'));
  server = await startS3Server({
    dataDir: path.join(folder, 's3'),
    credentials: roles.access,
    buckets: [LANDING, LIBRARY],
  });
  const place = { endpoint: server.url, region: 'us-east-1', forcePathStyle: true };
  s3 = recorderS3Client(logger, { ...place, credentials: CREDENTIALS });
  store = new StateStore(s3, LANDING);
  const own = recorderS3Client(logger, { ...place, credentials: roles.credentials(MERGE_TASK.family) });
  its = { s3: own, store: new StateStore(own, LANDING) };
  const names = [...new Set(TAKES.map(({ name }) => name))];
  const pieces = await Promise.all(
    TAKES.map(async (take) => ({ name: take.name, piece: await stored(take) })),
  );
  participants = names.map((name) => ({
    name,
    pieces: pieces.filter((one) => one.name === name).map(({ piece }) => piece),
  }));
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
  refuseDenials(roles);
});

async function stored(take: Take): Promise<MergePiece> {
  const { bytes, durationMs } = await makeTake(folder, take);
  return put(take, bytes, durationMs);
}

async function put(take: Take, bytes: Buffer, durationMs: number): Promise<MergePiece> {
  const { ETag = '' } = await s3.send(new PutObjectCommand({ Bucket: LIBRARY, Key: take.file, Body: bytes }));
  const shownFromMs = (take.fromFrame * 1_000) / FPS;
  const format = path.extname(take.file).slice(1) as MergePiece['format'];
  return {
    ...{
      recordingId: take.file,
      attempt: 1,
      part: 1,
      bucket: LIBRARY,
      key: take.file,
      etag: ETag,
      bytes: bytes.length,
    },
    ...{ format, startTimeMs: ZERO_MS + shownFromMs, durationMs, fromMs: 0, toMs: durationMs },
    ...{ shownFromMs, shownToMs: shownFromMs + durationMs, gaps: [] },
    tracks: [
      ...(take.size === undefined ? [] : [{ kind: 'video', codec: 'h264' } as const]),
      { kind: 'audio', codec: 'aac' },
    ],
  };
}

/** A merge that is to be composed. */
async function asked(
  layout: MergeLayout,
  who: readonly MergeParticipant[],
  picture = PICTURE,
  frames = FRAMES,
): Promise<MergeTaskOptions> {
  merges += 1;
  const mergeId = newRecordingId(ZERO_MS, Buffer.alloc(16, merges));
  const job: MergeJob = {
    ...{ mergeId, room: 'daily', requestedAtMs: ZERO_MS, requestId: 'r', layout, running: 'take' },
    ...(layout === 'grid' ? { picture } : {}),
    settings: DEFAULT_SETTINGS,
  };
  const plan = { zeroMs: ZERO_MS, durationMs: (frames * 1_000) / FPS, participants: [...who], leftOut: [] };
  await store.create(mergeKey(mergeId, 'job'), job);
  await store.create(mergeKey(mergeId, 'plan'), { ...plan, plannedAtMs: ZERO_MS });
  await store.create(jobKey(mergeId), resultJob(job, plan));
  return {
    ...{
      ...its,
      pictures: patientPictures(),
      clock: { nowMs: Date.now },
      log: logger,
      mergeId,
    },
    ...{
      ffmpegPath: SYSTEM_FFMPEG,
      fontPath: undefined,
      spoolFolder: path.join(folder, 'spool', mergeId),
      pollMs: 50,
    },
    signal: new AbortController().signal,
  };
}

async function resultOf({ mergeId }: MergeTaskOptions): Promise<string> {
  const final = await store.read(partKey(mergeId, 1, 'final'), finalPartSchema);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: LANDING, Key: final?.value.key }));
  const file = path.join(folder, `${mergeId}.mp4`);
  await writeFile(file, (await Body?.transformToByteArray()) ?? []);
  return file;
}

async function expectNothingOpen({ mergeId, spoolFolder }: MergeTaskOptions): Promise<void> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: LANDING }));
  expect(Uploads).toEqual([]);
  expect(await store.etag(partKey(mergeId, 1, 'open'))).toBeUndefined();
  expect(await readdir(spoolFolder)).toEqual([]);
}

it('shows four who come and go in a grid, each at its time to the frame, and mixes their sound', async () => {
  const task = await asked('grid', participants);
  expect(await composeMerge(task)).toBe(0);
  const file = await resultOf(task);
  const { streams } = await probe(file);
  expect(streams.map(({ codec_name, nb_frames, width }) => [codec_name, width, nb_frames])).toEqual([
    ['h264', 320, String(FRAMES)],
    ['aac', undefined, expect.any(String)],
  ]);
  expect(await decodeErrors(file)).toBe('');
  await expectPictures(file);
  await expectSound(file);
  expect(await store.readBytes(posterKey(task.mergeId, 1))).toBeDefined();
  expect(await store.readBytes(fragmentIndexKey(task.mergeId, 1))).toBeDefined();
  expect(
    (await store.read(mergeKey(task.mergeId, 'progress'), mergeProgressSchema))?.value.percent,
  ).toBeDefined();
});

it('mixes sound alone', async () => {
  const task = await asked('audio', participants);
  expect(await composeMerge(task)).toBe(0);
  const file = await resultOf(task);
  expect((await probe(file)).streams.map(({ codec_name }) => codec_name)).toEqual(['aac']);
  await expectSound(file);
});

it('goes on without a record that cannot be read, and burns in whatever names', async () => {
  const [, , cara, dan] = participants as [
    MergeParticipant,
    MergeParticipant,
    MergeParticipant,
    MergeParticipant,
  ];
  const broken = await put({ ...(TAKES[0] as Take), file: 'broken.mp4' }, Buffer.alloc(5_000, 7), 2_000);
  const named = { ...cara, name: `O'Hara: 50 %, [a];"b" \\ %{pts} 漢` };
  const task = await asked('grid', [{ name: 'eve', pieces: [broken] }, named, dan], {
    ...PICTURE,
    names: true,
  });
  expect(await composeMerge(task)).toBe(0);
  const { streams } = await probe(await resultOf(task));
  expect(streams[0]?.nb_frames).toBe(String(FRAMES));
  const progress = await store.read(mergeKey(task.mergeId, 'progress'), mergeProgressSchema);
  const { recordingId, part } = broken;
  expect(progress?.value.leftOut).toEqual([{ recordingId, streamName: 'eve', part, reason: 'unreadable' }]);
});

it('goes on at the frame where a run of ffmpeg ended too early', async () => {
  const once = path.join(folder, 'once');
  const ffmpeg = path.join(folder, 'ffmpeg');
  const script = [
    '#!/usr/bin/perl',
    `if (grep({ $_ eq '-filter_complex' } @ARGV) && mkdir('${once}')) {`,
    "  @ARGV = map { $_ eq 'pipe:1' ? ('-frames:v', '7', $_) : $_ } @ARGV;",
    '}',
    `exec { '${RECORDER_FFMPEG}' } '${RECORDER_FFMPEG}', @ARGV;`,
  ];
  await writeFile(ffmpeg, `${script.join('\n')}\n`, { mode: 0o755 });
  const task = await asked('grid', participants.slice(0, 1), PICTURE, 30);
  expect(await composeMerge({ ...task, ffmpegPath: ffmpeg })).toBe(0);
  const clocks = await readClocks(await resultOf(task), [{ x: 0, y: 0, width: 320, height: 180 }]);
  expect(clocks.flat()).toEqual(Array.from({ length: 30 }, (_, frame) => ({ who: 1, frame })));
  expect(await readdir(folder)).toContain('once');
});

it('says which record is gone, and leaves nothing open', async () => {
  const gone = await put({ ...(TAKES[0] as Take), file: 'gone.mp4', fromFrame: 50 }, Buffer.alloc(10), 1_000);
  await s3.send(new DeleteObjectCommand({ Bucket: LIBRARY, Key: 'gone.mp4' }));
  const task = await asked('audio', [...participants, { name: 'eve', pieces: [gone] }]);
  expect(await composeMerge(task)).toBe(0);
  const failure = await store.read(mergeKey(task.mergeId, 'failure'), mergeFailureSchema);
  expect(failure?.value.reason).toEqual({
    code: 'record_gone',
    message: 'part 1 of recording gone.mp4 cannot be read in the library any more',
  });
  await expectNothingOpen(task);
});

it('ends where it is canceled, and leaves nothing open', async () => {
  const task = await asked('grid', participants);
  const [cancelKey, openKey] = [mergeKey(task.mergeId, 'cancel'), partKey(task.mergeId, 1, 'open')];
  const heard = Promise.withResolvers<void>();
  class CanceledStore extends StateStore {
    // Once there is an upload.
    override async create(key: string, value: unknown): Promise<boolean> {
      const isMade = await super.create(key, value);
      if (key !== openKey) return isMade;
      await store.create(cancelKey, { requestedAtMs: ZERO_MS, requestId: 'c' });
      await heard.promise;
      return isMade;
    }
    override async read<T>(
      key: string,
      schema: z.ZodMiniType<T>,
    ): ReturnType<typeof StateStore.prototype.read<T>> {
      const found = await super.read(key, schema);
      if (key === cancelKey && found !== undefined) heard.resolve();
      return found;
    }
  }
  expect(await composeMerge({ ...task, store: new CanceledStore(its.s3, LANDING) })).toBe(0);
  await expectNothingOpen(task);
});

it('can be begun again where it is not ffmpeg that fails', async () => {
  const task = await asked('audio', participants.slice(0, 1), PICTURE, 30);
  const openKey = partKey(task.mergeId, 1, 'open');
  class TakenStore extends StateStore {
    override async create(key: string, value: unknown): Promise<boolean> {
      if (key === openKey) await super.create(key, { ...(value as object), uploadId: 'of another task' });
      return super.create(key, value);
    }
  }
  expect(await composeMerge({ ...task, store: new TakenStore(its.s3, LANDING) })).toBe(1);
  expect(await store.etag(mergeKey(task.mergeId, 'failure'))).toBeUndefined();
  // It is the other task's, which comes no further than this.
  const { uploadId, ...open } = (await store.read(openKey, openPartSchema))?.value ?? {};
  expect(uploadId).toBe('of another task');
  await store.create(partKey(task.mergeId, 1, 'final'), {
    ...{
      ...open,
      uploadId,
      uploaded: [],
      bytes: 0,
      crc32: '',
      durationMs: 0,
      videoFrames: 0,
      recovered: false,
    },
    ...{ endTimeMs: ZERO_MS, startTimeMillis: ZERO_MS, endTimeMillis: ZERO_MS, finalizedAtMs: ZERO_MS },
  });
  expect(await composeMerge(task)).toBe(0);
  expect((await probe(await resultOf(task))).streams).toHaveLength(1);
  // What is made is not made again.
  const final = await store.etag(partKey(task.mergeId, 1, 'final'));
  expect(await composeMerge(task)).toBe(0);
  expect(await store.etag(partKey(task.mergeId, 1, 'final'))).toBe(final);
});
