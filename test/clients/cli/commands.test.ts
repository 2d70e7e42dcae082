import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Closers } from '../../../infra/local/closers.ts';
import { type Runtime, startRuntime } from '../../../infra/local/runtime.ts';
import { Child, waitFor } from '../../support/children.ts';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { refuseDenials } from '../../support/denials.ts';
import { LiveStream } from '../../support/liveStream.ts';
import { RUNTIME_FOR_TESTS } from '../../support/testRuntime.ts';
import { describeWith } from '../../support/tools.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../clients/cli/main.ts');

interface Seen {
  readonly recordingId: string;
  readonly status: string;
  readonly parts: readonly { readonly bytes?: number; readonly durationMs?: number }[];
}

describeWith(['ffmpeg'], 'the command line against a running product', () => {
  const closers = new Closers();
  let runtime: Runtime;
  let folder: string;
  let source: LiveStream;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'cli-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      ingest: false,
    });
    closers.add(() => runtime.close({ graceMs: 5_000 }).then(() => refuseDenials(runtime)));
    source = await LiveStream.start('flv');
    closers.add(() => source.close());
  });
  afterAll(() => closers.closeAll());

  const start = (...args: string[]) => {
    const child = new Child(process.execPath, [MAIN, ...args, '--api', runtime.apiUrl]);
    closers.add(() => child.stop('SIGKILL'));
    return child;
  };
  /** @returns exit code and output of a command that ends by itself */
  const run = async (...args: string[]) => {
    const child = start(...args);
    // Its end, and that of its output.
    const [code] = (await once(child.process, 'close')) as [number | null];
    return { code, output: child.output };
  };

  it('records a source until Ctrl-C, then lists it, gets its file and removes it', async () => {
    const record = start('record', source.url, '--name', 'camera', '--json');
    const seen = () =>
      record.output
        .split('\n')
        .filter((line) => line.startsWith('{"recordingId"'))
        .map((line) => JSON.parse(line) as Seen);
    await waitFor('the recording', () => seen().find(({ status }) => status === 'recording'));
    const ended = once(record.process, 'close');
    record.process.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    const last = seen().at(-1);
    expect(last?.status).toBe('available');
    const id = last?.recordingId ?? '';
    const listed = await run('ls', '--json', '--status', 'available');
    expect(JSON.parse(listed.output)).toMatchObject({ recordingId: id, streamName: 'camera', parts: 1 });
    const got = await run('get', id, '--output', folder);
    expect(got.code).toBe(0);
    const file = got.output.trim();
    const { bytes, durationMs = 0 } = last?.parts[0] ?? {};
    expect((await readFile(file)).length).toBe(bytes);
    expect((await probe(file)).streams.map(({ codec_type }) => codec_type).sort()).toEqual([
      'audio',
      'video',
    ]);
    expect(await decodeErrors(file)).toBe('');
    // On a quick machine the record has its first pictures and no more. Cut where pictures begin: 25 a second.
    const fromMs = 40 * Math.floor(durationMs / 160);
    const toMs = fromMs + 40 * Math.ceil(durationMs / 160);
    const to = `0:${(toMs / 1_000).toFixed(3).padStart(6, '0')}`;
    const times = ['--from', String(fromMs / 1_000), '--to', to];
    const clipped = await run('clip', id, ...times, '--name', 'piece.mp4', '--json');
    expect(JSON.parse(clipped.output)).toMatchObject({
      status: 'available',
      fromMs,
      toMs,
      durationMs: toMs - fromMs,
      library: { key: expect.stringContaining('piece') },
    });
    expect(clipped.code).toBe(0);
    expect((await run('rm', id, '--records')).output).toBe('Forgotten; 1 record and 1 clip deleted.\n');
    expect((await run('watch', id)).code).toBe(1);
  }, 180_000);

  it('tells what was refused, with the code of the API, and ends with 1; what it does not understand with 2', async () => {
    const refused = await run('stop', '01KB0000000000000000000000', '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.output)).toMatchObject({ error: { code: 'recording_not_found' } });
    expect(await run('explode')).toMatchObject({ code: 2 });
  });
});
