import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVENT_SOURCE, EVENT_TYPES, type RecordAvailable } from '../../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../../../infra/emulators/events/server.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';
import type { LambdaFunction } from '../../../infra/local/lambda/function.ts';
import { localFunction } from '../../../infra/local/lambda/functions.ts';
import { readSettings, SettingError } from '../../../infra/local/mainSettings.ts';
import { OnRecordHook } from '../../../infra/local/onRecordHook.ts';
import { EVENT_BUS, sdkEnvironment } from '../../../infra/local/place.ts';
import { startRuntime } from '../../../infra/local/runtime.ts';
import { ON_RECORD_SCRIPT } from '../../../infra/optionalFunctions.ts';
import { waitFor } from '../../support/children.ts';
import { refuseDenials } from '../../support/denials.ts';

/** The function that runs scripts, in the environments of the local Lambda. */
const functions: LambdaFunction[] = [];
const CREDENTIALS = { accessKeyId: 'hook', secretAccessKey: 'hook-secret' };
let folder: string;
let server: S3Server;
let s3: S3Client;
const lines: string[] = [];
const givenUp: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'hook-'));
  server = await startS3Server({
    dataDir: path.join(folder, 's3'),
    credentials: CREDENTIALS,
    buckets: ['library'],
  });
  s3 = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });
});
afterAll(async () => {
  await Promise.all(functions.map((one) => one.close()));
  await server.close();
  rmSync(folder, { recursive: true });
});

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

function hookWith(file: string, more: Readonly<Record<string, string>> = {}): OnRecordHook {
  lines.length = 0;
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const made = localFunction(ON_RECORD_SCRIPT, {
    region: 'us-east-1',
    accountId: '000000000000',
    environment: {
      ...sdkEnvironment(CREDENTIALS, { s3: server.url, events: server.url, sqs: server.url }),
      ON_RECORD_SCRIPT: file,
      SCRIPT_FILE_MAX_BYTES: '1000',
      SCRIPT_LARGER_RECORDS: 'fail',
      PATH: process.env.PATH ?? '',
      TMPDIR: temporary,
      ...more,
    },
    onLog: (line) => void lines.push(line),
  });
  functions.push(made);
  return new OnRecordHook({
    invoke: (event) => made.invoke(event),
    onGivenUp: (_event, error) => void givenUp.push(error),
  });
}

/** What the scripts of the hook wrote. It comes by itself, and may be behind their end. */
const outputs = (): unknown[] =>
  lines.flatMap((line) => (JSON.parse(line) as { output?: string }).output ?? []);
const written = (count: number) =>
  waitFor(`${count} lines`, () => (outputs().length >= count ? (outputs() as string[]) : undefined));

async function recordAvailable(
  streamName: string,
  key: string,
  part = 1,
  bytes = 10,
): Promise<EventBridgeEvent> {
  await s3.send(new PutObjectCommand({ Bucket: 'library', Key: key, Body: `record of ${streamName}` }));
  const detail: RecordAvailable = {
    id: `r/record-available/${part}`,
    recordingId: 'r',
    mediaSessionId: 'm',
    streamName,
    part,
    bucket: 'library',
    key,
    bytes,
    durationMs: 1000,
    startTime: '2026-07-01T12:00:00.000Z',
    endTime: '2026-07-01T12:00:01.000Z',
    format: 'mp4',
    tracks: [],
    codecs: [],
    recovered: false,
    complete: true,
    incomplete: [],
    nameTrimmed: false,
  };
  return {
    version: '0',
    id: '1',
    'detail-type': EVENT_TYPES.recordAvailable,
    source: EVENT_SOURCE,
    account: '000000000000',
    time: '2026-07-01T12:00:02Z',
    region: 'us-east-1',
    resources: [],
    detail,
  };
}

it("runs WCS's sample script as it is: $1 stream name, $2 a file on disk", async () => {
  const target = path.join(folder, 'stream_records');
  const hook = hookWith(
    script(
      'on_record_hook.sh',
      `STREAM_NAME=$1\nSRC_FILE=$2\nmkdir -p '${target}'\ncp "$SRC_FILE" '${target}'\necho "$STREAM_NAME: $SRC_FILE"`,
    ),
  );
  hook.onEvent(await recordAvailable('camera "1"; $(id)', 'a/camera%201.mp4'));
  await hook.idle();
  expect(readFileSync(path.join(target, 'camera%201.mp4'), 'utf8')).toBe('record of camera "1"; $(id)');
  const [said] = await written(1);
  const [, file = ''] = /^camera "1"; \$\(id\): (.*)$/.exec(String(said)) ?? [];
  expect(path.isAbsolute(file)).toBe(true);
  expect(path.basename(file)).toBe('camera%201.mp4');
  expect(existsSync(path.dirname(file))).toBe(false);
  expect(readdirSync(path.join(folder, 'tmp'))).toEqual([]);
});

it('runs it once for a record, however often that is announced, and one after the other', async () => {
  const log = path.join(folder, 'order.txt');
  const hook = hookWith(script('order.sh', `echo "begin $1" >> '${log}'; echo "end $1" >> '${log}'`));
  const [first, second] = await Promise.all([
    recordAvailable('a', 'a.mp4', 1),
    recordAvailable('b', 'b.mp4', 2),
  ]);
  for (const event of [first, first, second, { ...first, 'detail-type': EVENT_TYPES.partFinished }]) {
    hook.onEvent(event);
  }
  await hook.idle();
  expect(readFileSync(log, 'utf8').split('\n')).toEqual(['begin a', 'end a', 'begin b', 'end b', '']);
});

it('tries again when it fails, gives up after three times, and goes on with the next record', async () => {
  const count = path.join(folder, 'count.txt');
  const hook = hookWith(script('fails.sh', `echo "$1" >> '${count}'; test "$1" = good || exit 7`));
  hook.onEvent(await recordAvailable('bad', 'bad.mp4', 1));
  hook.onEvent(await recordAvailable('good', 'good.mp4', 2));
  await hook.idle();
  expect(readFileSync(count, 'utf8')).toBe('bad\nbad\nbad\ngood\n');
  const failures = () => lines.filter((line) => line.includes('the on-record script failed'));
  await expect.poll(failures).toHaveLength(3);
  expect(failures()[0]).toContain('exit code 7');
  expect(givenUp.at(-1)).toContain('exit code 7');
});

it('gives the script all facts of the event, no credentials, and a folder of its own', async () => {
  const hook = hookWith(script('facts.sh', 'env | sort; pwd; : > left-behind; echo all'));
  hook.onEvent(await recordAvailable('зал/1', 'x/y.mp4', 3));
  await hook.idle();
  await expect.poll(() => outputs().at(-1)).toBe('all');
  const said = outputs() as string[];
  for (const fact of [
    'STREAM_NAME=зал/1',
    'RECORDING_ID=r',
    'MEDIA_SESSION_ID=m',
    'PART=3',
    'BUCKET=library',
    'KEY=x/y.mp4',
    'DURATION_MS=1000',
    'START_TIME=2026-07-01T12:00:00.000Z',
    'RECOVERED=false',
    'COMPLETE=true',
  ]) {
    expect(said).toContain(fact);
  }
  expect(said.join('\n')).not.toMatch(/AWS_|hook-secret/);
  expect(said.at(-2)).toMatch(new RegExp(`^${path.join(folder, 'tmp')}/record-`));
  expect(readdirSync(path.join(folder, 'tmp'))).toEqual([]);
});

it('refuses a record that does not fit, or gives a link to it where that is asked', async () => {
  const large = () => recordAvailable('large', 'large.mp4', 1, 5_000);
  const refusing = hookWith(script('link.sh', 'echo "$2"'));
  refusing.onEvent(await large());
  await refusing.idle();
  expect(givenUp.at(-1)).toContain('the record has 5000 bytes, and there is room for 1000');
  const linking = hookWith(path.join(folder, 'link.sh'), { SCRIPT_LARGER_RECORDS: 'link' });
  linking.onEvent(await large());
  await linking.idle();
  const [link = ''] = await written(1);
  expect(await (await fetch(link)).text()).toBe('record of large');
});

it('bounds what a script writes, and leaves no process of it behind', async () => {
  const pidFile = path.join(folder, 'pid.txt');
  const hook = hookWith(
    script('loud.sh', `sleep 600 & echo $! > '${pidFile}'; seq 1 1500; printf '%09000d\\n' 1`),
  );
  hook.onEvent(await recordAvailable('loud', 'loud.mp4'));
  await hook.idle();
  await written(1_001);
  expect(outputs().at(-1)).toBe('501 more lines were left out');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await waitFor('the process to be gone', () => (existsSync(`/proc/${pid}`) ? undefined : true));
});

it('is called by the event bus of the runtime, and awaited at its end', async () => {
  const log = path.join(folder, 'runtime.txt');
  const runtime = await startRuntime({
    dataDir: path.join(folder, 'runtime'),
    ingest: false,
    reconcilesAtStart: false,
    onRecordHook: script('runtime.sh', `sleep 0.3; cp "$2" '${log}'`),
  });
  const place = { region: runtime.region, credentials: runtime.credentials };
  const own = new S3Client({ ...place, endpoint: runtime.s3Url, forcePathStyle: true });
  const bus = new EventBridgeClient({ ...place, endpoint: runtime.eventsUrl });
  const { source, detail, 'detail-type': type } = await recordAvailable('wired', 'wired.mp4');
  await own.send(new PutObjectCommand({ Bucket: 'library', Key: 'wired.mp4', Body: 'record of wired' }));
  const entry = { EventBusName: EVENT_BUS, Source: source, DetailType: type, Detail: JSON.stringify(detail) };
  expect((await bus.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
  await runtime.close();
  refuseDenials(runtime);
  expect(readFileSync(log, 'utf8')).toBe('record of wired');
}, 180_000);

it('is refused at the start when it cannot be run', () => {
  expect(() => readSettings({ ON_RECORD_HOOK: path.join(folder, 'none.sh') })).toThrow(SettingError);
  const file = script('runs.sh', 'true');
  expect(readSettings({ ON_RECORD_HOOK: file }).onRecordHook).toBe(file);
  expect(readSettings({}).onRecordHook).toBeUndefined();
});
