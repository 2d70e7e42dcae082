import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';
import { Child, waitFor } from '../../support/children.ts';
import { publishCounter } from '../../support/counterStream.ts';
import { describeWith } from '../../support/tools.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const MAIN = path.join(ROOT, 'infra', 'local', 'main.ts');

let folder: string;
const children: Child[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'main-'));
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop('SIGKILL')));
  await rm(folder, { recursive: true, force: true });
});

function npmStart(
  env: Readonly<Record<string, string>> = {},
  [command, ...args]: readonly [string, ...string[]] = [process.execPath, MAIN],
): Child {
  const child = new Child(command, args, {
    PATH: process.env.PATH,
    HOME: folder,
    // As npm start is in a tree where it has been before.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    DATA_DIR: path.join(folder, 'data'),
    PORT: '0',
    HTTPS_PORT: '0',
    RTMP_PORT: '0',
    S3_PORT: '0',
    ...env,
  });
  children.push(child);
  return child;
}

describeWith(['ffmpeg'], 'npm start', () => {
  // Of which part which variable is: ./mainSettings.test.ts; that each part says so: ./runtime.test.ts.
  it('says in one line that a port is taken', async () => {
    const server = createServer();
    const { port } = new URL(await listenOnLoopback(server));
    const child = npmStart({ HTTPS_PORT: port });
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(`Port ${port} is taken. HTTPS_PORT sets another one.\n`);
    await closeServer(server);
  });

  it('says in one line that another one uses the same data; ends when npm alone is told to', async () => {
    const first = npmStart({}, ['npm', '--prefix', ROOT, 'start']);
    await waitFor('the start', () => (first.output.includes('HTTP API') ? true : undefined));
    expect(first.output).toMatch(
      /https:\/\/127\.0\.0\.1:\d+ {2}\(self-signed: curl --cacert \S+\/certificate\.pem\)/,
    );
    const second = npmStart();
    expect(await second.ended).toBe(1);
    expect(second.output).toMatch(
      /^The data folder \S+ is in use by another runtime \(.*process \d+\)\. DATA_DIR sets another one\.\n$/,
    );
    // To npm, as a service manager does, and to nobody else.
    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(first.output).toMatch(/Ending\.\nEnded\.\n$/);
  });

  it('refuses a setting in one line', async () => {
    const child = npmStart({ RECORDING_DEFAULTS: '{"partBytes":1}' });
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(
      'RECORDING_DEFAULTS is not valid: partBytes: Too small: expected number to be >=5242880\n',
    );
  });

  const apiOf = async (main: Child): Promise<string> => {
    const shown = () => /HTTP API +(\S+)/.exec(main.output)?.[1];
    return waitFor('the API', shown);
  };

  /** A recording that runs; the addresses are those that `npm start` printed. */
  async function recording(main: Child, stream: string): Promise<{ publisher: Child; rtmpUrl: string }> {
    const apiUrl = await apiOf(main);
    const [, rtmpUrl = ''] = /RTMP ingest +(\S+)\/live/.exec(main.output) ?? [];
    const publisher = publishCounter(`${rtmpUrl}/live/${stream}`);
    children.push(publisher);
    await waitFor('the start to be taken', async () => {
      const answer = await fetch(`${apiUrl}/rest-api/stream/startRecording`, {
        method: 'POST',
        body: JSON.stringify({ mediaSessionId: stream }),
      });
      return answer.ok || undefined;
    });
    const started = `Recording Started: ${stream} `;
    await waitFor('the recording', () => (main.output.includes(started) ? true : undefined));
    return { publisher, rtmpUrl };
  }

  it('after it was killed, says at once what became of its recordings, and what was lost; ends at once on one Ctrl-C after the other', async () => {
    const main = npmStart();
    const beganAtMs = Date.now();
    const { publisher } = await recording(main, 'camera1');
    const before = await apiOf(main);
    const { recordings } = (await (await fetch(`${before}/recordings`)).json()) as {
      recordings: { recordingId: string }[];
    };
    expect(recordings).toHaveLength(1);
    await waitFor('a heartbeat', async () => {
      const answer = await fetch(`${before}/recordings/${recordings[0]?.recordingId}`);
      return ((await answer.json()) as { progress?: object }).progress;
    });
    await main.stop('SIGKILL');
    await publisher.stop();
    const next = npmStart();
    const api = await apiOf(next);
    const ended = await waitFor(
      'the end',
      async () => {
        const answer = await fetch(`${api}/recordings/${recordings[0]?.recordingId}`);
        const found = (await answer.json()) as { status: string; parts: { estimatedLossMs?: number }[] };
        return found.status === 'available' ? found : undefined;
      },
      // Another attempt looks for the source, which is gone.
      { timeoutMs: 60_000 },
    );
    const [part, ...others] = ended.parts;
    expect(others).toEqual([]);
    expect(part).toMatchObject({ recovered: true, incomplete: [{ code: 'recorder_lost' }] });
    expect(part?.estimatedLossMs).toBeGreaterThan(0);
    expect(part?.estimatedLossMs).toBeLessThan(Date.now() - beganAtMs);

    const { publisher: another, rtmpUrl } = await recording(next, 'camera2');
    await waitFor(
      'the end',
      () => {
        if (!next.running) return true;
        next.process.kill('SIGINT');
        return undefined;
      },
      { everyMs: 100 },
    );
    await another.stop();
    await waitFor('no process', async () =>
      (await processesOf(folder, rtmpUrl)).length === 0 ? true : undefined,
    );
  }, 180_000);

  it('on one Ctrl-C, which npm makes two signals of, its recordings end well', async () => {
    const main = npmStart();
    const { publisher, rtmpUrl } = await recording(main, 'camera1');
    main.process.kill('SIGINT');
    main.process.kill('SIGINT');
    expect(await main.ended).toBe(0);
    await publisher.stop();
    expect(main.output).toMatch(/Ending: 1 running recording is stopped/);
    expect(main.output).toMatch(
      /Record Available: camera1 \(\S+\): s3:\/\/library\/stream_records\/camera1-\d{8}T\d{6}Z\.mp4, \d+\.\d s, \d+ bytes\n(.*\n)*Ended\.\n$/,
    );
    expect(main.output).not.toMatch(/^(warn|error):/m);
    expect(await processesOf(folder, rtmpUrl)).toEqual([]);
    const logs = await readdir(path.join(folder, 'data', 'logs'));
    expect(logs).toEqual(expect.arrayContaining(['recorder.log', 'relocate.log', 'wcs.log']));
    for (const log of logs)
      for (const line of (await readFile(path.join(folder, 'data', 'logs', log), 'utf8')).trim().split('\n'))
        expect(JSON.parse(line)).toHaveProperty('level');
  }, 180_000);
});

/** Command lines of the processes that have to do with the folder or the ingest. */
async function processesOf(folderName: string, rtmpUrl: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      const [commandLine, environment] = await Promise.all([read('cmdline'), read('environ')]);
      return [commandLine, environment].some((text) => text.includes(folderName) || text.includes(rtmpUrl))
        ? commandLine.replaceAll('\0', ' ')
        : undefined;
    }),
  );
  return found.filter((one) => one !== undefined);
}
