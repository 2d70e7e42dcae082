import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import { DEFAULT_SOURCE_RULES } from '../../functions/core/source/sourceRules.ts';
import { newRecordingId } from '../../functions/core/state/ids.ts';
import { attemptKey, jobKey, outcomeKey, partKey, stopKey } from '../../functions/core/state/keys.ts';
import { endSchema, type Job, outcomeSchema, type Stop } from '../../functions/core/state/objects.ts';
import { finalPartSchema, openPartSchema } from '../../functions/core/state/partObjects.ts';
import { startEventsServer } from '../../infra/emulators/events/server.ts';
import { startS3Server } from '../../infra/emulators/s3/server.ts';
import { ensureTools, findOnPath } from '../../infra/local/tools.ts';
import { waitFor } from '../support/children.ts';
import { decodeErrors, probe, publishCounter, readCounters } from '../support/counterStream.ts';
import { journaledOf } from '../support/journal.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { checkApart } from './apart.ts';
import { ImageFfmpeg } from './imageFfmpeg.ts';
import { Podman } from './podman.ts';
import { checkTestFiles, testRecorder } from './recorderTests.ts';

/**
 * `npm run test:image`: builds the recorder's image, records a stream with it as Fargate would run it, sends SIGTERM,
 * checks the record, prints the size; takes its ffmpeg out and runs the recorder's own tests with it.
 */
const MAX_IMAGE_BYTES = 250 * 1000 * 1000;
const FRAMES = 80;
const LANDING = 'landing';
const BUS = 'stream-recorder';
const CREDENTIALS = { accessKeyId: 'image-test', secretAccessKey: 'image-test-secret' };

const program = (name: string, packages: readonly string[]) => ({
  name,
  packages,
  present: () => findOnPath(name) !== undefined,
});
const missing = ensureTools([
  program('podman', ['podman', 'runc']),
  program('runc', ['runc']),
  program('debootstrap', ['debootstrap']),
]);
if (missing.length > 0 || process.getuid?.() !== 0) {
  console.log('image: skipped, it needs podman, runc, debootstrap and root');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

checkTestFiles();
const folder = await mkdtemp(path.join(tmpdir(), 'image-'));
const podman = new Podman(folder);
console.log('image: building');
podman.makeBase();
podman.build(path.resolve(import.meta.dirname, '../..'));
const bytes = podman.imageBytes();
console.log(`image: ${(bytes / 1e6).toFixed(0)} MB (at most ${MAX_IMAGE_BYTES / 1e6})`);
assert.ok(bytes < MAX_IMAGE_BYTES, 'the image is too large');
for (const shell of ['/bin/sh', '/bin/bash', '/usr/bin/sh']) {
  assert.equal(podman.hasProgram(shell), false, `the image has ${shell}`);
}

const ffmpeg = ImageFfmpeg.takeOut(podman, path.join(folder, 'files'));
ffmpeg.checkProtocols();

const s3 = await startS3Server({
  dataDir: path.join(folder, 's3'),
  credentials: CREDENTIALS,
  buckets: [LANDING],
});
const events = await startEventsServer({ busNames: [BUS] });
const nginx = await NginxRtmp.start();
const publisher = publishCounter(`${nginx.url}/image`);
try {
  await record();
  console.log('image: recorded, stopped by SIGTERM, record checked');
  console.log(`image: ${await testRecorder(ffmpeg.path, ffmpeg.fontPath)}`);
  assert.ok(ffmpeg.wasStarted, "the recorder's tests ran another ffmpeg");
} finally {
  await publisher.stop();
  await nginx.stop();
  await events.close();
  await s3.close();
  await rm(folder, { recursive: true, force: true });
}

async function record(): Promise<void> {
  const client = new S3Client({
    endpoint: s3.url,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });
  const store = new StateStore(client, LANDING);
  const recordingId = newRecordingId(Date.now(), Buffer.alloc(16, 7));
  const job: Job = {
    recordingId,
    mediaSessionId: 'image',
    requestedAtMs: Date.now(),
    requestId: 'image-test',
    source: { url: `${nginx.url}/image` },
    stream: { name: 'image' },
    // The media server is on this machine.
    settings: {
      ...DEFAULT_SETTINGS,
      // What is copied needs no ffmpeg.
      audioSampleRateHz: 48_000,
      sources: { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.0/8'] },
    },
  };
  await store.create(jobKey(recordingId), job);

  const name = `stream-recorder-${process.pid}`;
  const task = podman.run(name, {
    RECORDING_ID: recordingId,
    ATTEMPT: '1',
    LANDING_BUCKET: LANDING,
    EVENT_BUS_NAME: BUS,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: events.url,
  });
  const ended = once(task.process, 'exit');
  const part = await waitFor('the first part', async () => {
    if (!task.running) throw new Error(`the task ended: ${task.output}`);
    return store.read(partKey(recordingId, 1, 'open'), openPartSchema);
  });
  await checkApart(podman.pid(name));
  const framesOf = async (): Promise<number> =>
    (await journaledOf(client, LANDING, recordingId)).at(-1)?.videoFrames ?? 0;
  await waitFor('frames', async () => (await framesOf()) >= FRAMES || undefined, { everyMs: 250 });
  const stop: Stop = { requestedAtMs: Date.now(), by: 'test', reason: 'test' };
  await store.create(stopKey(recordingId), stop);
  podman.signal(name, 'TERM');
  const [exitCode] = (await ended) as [number | null];
  assert.equal(exitCode, 0, task.output);

  const end = await store.read(attemptKey(recordingId, 1, 'end'), endSchema);
  assert.equal(end?.value.reason.code, 'stopped');
  assert.equal((await store.read(outcomeKey(recordingId), outcomeSchema))?.value.status, 'finished');
  const final = await store.read(partKey(recordingId, 1, 'final'), finalPartSchema);
  const listed = await client.send(new ListObjectsV2Command({ Bucket: LANDING, Prefix: 'records/' }));
  assert.deepEqual(
    listed.Contents?.map(({ Key, Size }) => [Key, Size]),
    [[part.value.key, final?.value.bytes]],
  );
  const object = await client.send(new GetObjectCommand({ Bucket: LANDING, Key: part.value.key }));
  const file = path.join(folder, 'record.mp4');
  await writeFile(file, (await object.Body?.transformToByteArray()) ?? '');
  const { streams } = await probe(file);
  assert.deepEqual(streams.map(({ codec_name }) => codec_name).sort(), ['aac', 'h264']);
  assert.equal(await decodeErrors(file), '');
  const counters = await readCounters(file);
  const first = counters[0] ?? 0;
  assert.ok(counters.length >= FRAMES, `${counters.length} frames`);
  assert.deepEqual(
    counters,
    counters.map((_, i) => first + i),
    'a frame is missing or repeated',
  );
}
