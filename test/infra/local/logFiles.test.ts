import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFiles } from '../../../infra/local/logFiles.ts';

let folder: string;
let said: string[];
let logs: LogFiles;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'logs-'));
  said = [];
  logs = new LogFiles(path.join(folder, 'logs'), (line) => said.push(line));
});

afterEach(async () => {
  logs.close();
  await rm(folder, { recursive: true, force: true });
});

const read = async (source: string) =>
  (await readFile(path.join(folder, 'logs', `${source}.log`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

it('keeps lines as they are, one file a source', async () => {
  logs.write('recorder', '{"level":"INFO","message":"one","reason":{"code":"stopped"}}');
  logs.write('relocate', '{"message":"two"}');
  logs.write('recorder', '{"level":"DEBUG","message":"three"}');
  expect(await read('recorder')).toEqual([
    { level: 'INFO', message: 'one', reason: { code: 'stopped' } },
    { level: 'DEBUG', message: 'three' },
  ]);
  expect(await read('relocate')).toEqual([{ message: 'two' }]);
  expect(said).toEqual([]);
});

it('goes on with the files of a run before', async () => {
  logs.write('recorder', '{"message":"one"}');
  logs.close();
  new LogFiles(path.join(folder, 'logs'), () => undefined).write('recorder', '{"message":"two"}');
  expect(await read('recorder')).toEqual([{ message: 'one' }, { message: 'two' }]);
});

it.each(['not JSON', '"a text"', 'null', '7'])('takes %s for an error', async (line) => {
  logs.write('recorder', line);
  expect(await read('recorder')).toEqual([
    { timestamp: expect.stringMatching(/Z$/), level: 'ERROR', message: line },
  ]);
  expect(said).toEqual([`error: recorder: ${line}`]);
});

it.each([
  [{ level: 'WARN', message: 'slow' }, 'warn: f: slow'],
  [{ level: 'CRITICAL', message: 'bad' }, 'critical: f: bad'],
  [
    { level: 'WARN', message: 'ffmpeg complains', complaint: 'no frame!' },
    'warn: f: ffmpeg complains: no frame!',
  ],
  [
    { level: 'ERROR', message: 'failed', error: { name: 'E', message: 'why\nstack' }, recordingId: 'r1' },
    'error: f: failed: why (r1)',
  ],
  [
    { level: 'ERROR', message: 'failed', error: 'Error: x\n at y', mediaSessionId: 'm1', recordingId: 'r1' },
    'error: f: failed: Error: x (m1 r1)',
  ],
  [{ level: 'WARN', message: 'gone', reason: { code: 'c', message: 'text' } }, 'warn: f: gone: text'],
  [{ level: 'WARN', message: 'gone', error: { code: 7 } }, 'warn: f: gone'],
])('says %j in short', (line, short) => {
  logs.write('f', JSON.stringify(line));
  expect(said).toEqual([short]);
});
