import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVENT_SOURCE, EVENT_TYPES, type RecordAvailable } from '../../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../../../infra/emulators/events/server.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';
import { readSettings, SettingError } from '../../../infra/local/mainSettings.ts';
import { OnRecordHook } from '../../../infra/local/onRecordHook.ts';

const CREDENTIALS = { accessKeyId: 'hook', secretAccessKey: 'hook-secret' };
let folder: string;
let server: S3Server;
let s3: S3Client;
const lines: string[] = [];

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
  await server.close();
  rmSync(folder, { recursive: true });
});

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

function hookWith(file: string): OnRecordHook {
  lines.length = 0;
  const onLog = (line: string) => void lines.push(line);
  return new OnRecordHook({ script: file, folder: path.join(folder, 'hook'), s3, onLog });
}

async function recordAvailable(streamName: string, key: string, part = 1): Promise<EventBridgeEvent> {
  await s3.send(new PutObjectCommand({ Bucket: 'library', Key: key, Body: `record of ${streamName}` }));
  const detail: RecordAvailable = {
    id: `r/record-available/${part}`,
    recordingId: 'r',
    mediaSessionId: 'm',
    streamName,
    part,
    bucket: 'library',
    key,
    bytes: 10,
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
  const file = path.join(folder, 'hook', 'r', '1', 'camera%201.mp4');
  expect(lines[0]).toBe(`camera "1"; $(id): ${file}`);
  expect(existsSync(file)).toBe(false);
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
  const failures = lines.filter((line) => line.includes('"level":"ERROR"'));
  expect(failures).toHaveLength(3);
  expect(failures[0]).toContain('exit code 7');
});

it('is refused at the start when it cannot be run', () => {
  expect(() => readSettings({ ON_RECORD_HOOK: path.join(folder, 'none.sh') })).toThrow(SettingError);
  const file = script('runs.sh', 'true');
  expect(readSettings({ ON_RECORD_HOOK: file }).onRecordHook).toBe(file);
  expect(readSettings({}).onRecordHook).toBeUndefined();
});
