import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { type Child, waitFor } from '../support/children.ts';
import { publishCounter, readCounters } from '../support/counterStream.ts';
import { refuseDenials } from '../support/denials.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { RUNTIME_FOR_TESTS } from '../support/testRuntime.ts';
import { describeWith } from '../support/tools.ts';

interface RecordingAnswer {
  readonly recordingId: string;
  readonly status: string;
  readonly parts: readonly { readonly fileName: string; readonly download?: { readonly url: string } }[];
}

describeWith(['ffmpeg', 'nginxRtmp'], 'a restart with another config', () => {
  let folder: string;
  let runtime: Runtime;
  let nginx: NginxRtmp;
  let publisher: Child;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'restart-'));
    [runtime, nginx] = await Promise.all([
      startRuntime({
        ...RUNTIME_FOR_TESTS,
        dataDir: path.join(folder, 'data'),
        ingest: false,
      }),
      NginxRtmp.start(),
    ]);
    publisher = publishCounter(`${nginx.url}/m1`);
    await call('PUT', '/streams/m1', { name: 'camera', sourceUrl: `${nginx.url}/m1` });
  });

  afterAll(async () => {
    await publisher.stop();
    await runtime.close();
    await nginx.stop();
    await rm(folder, { recursive: true, force: true });
    refuseDenials(runtime);
  });

  async function call(method: string, route: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${runtime.apiUrl}${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBe(200);
    return answer.json();
  }

  const start = async (config?: object): Promise<string> => {
    const answer = await call('POST', '/recorder/startup', {
      mediaSessionId: 'm1',
      ...(config && { config }),
    });
    return (answer as RecordingAnswer).recordingId;
  };
  const reaches = (id: string, status: string): Promise<RecordingAnswer> =>
    waitFor(
      `${id} to be ${status}`,
      async () => {
        const found = (await call('GET', `/recordings/${id}`)) as RecordingAnswer;
        return found.status === status ? found : undefined;
      },
      { timeoutMs: 90_000 },
    );

  it('loses no frame: the old recording goes on until the new one has its first', async () => {
    const first = await start();
    await reaches(first, 'recording');
    const second = await start({ fileTemplate: 'again-{streamName}' });
    expect(second).not.toBe(first);
    const ended = await reaches(first, 'available');
    await reaches(second, 'recording');
    await call('POST', '/recorder/terminate', { mediaSessionId: 'm1' });
    const renamed = await reaches(second, 'available');
    expect(renamed.parts[0]?.fileName).toBe('again-camera.mp4');

    const [before = [], after = []] = await Promise.all(
      [ended, renamed].map(async ({ recordingId, parts }) => {
        expect(parts).toHaveLength(1);
        const file = path.join(folder, `${recordingId}.mp4`);
        const answer = await fetch(parts[0]?.download?.url ?? '');
        await writeFile(file, Buffer.from(await answer.arrayBuffer()));
        return readCounters(file);
      }),
    );
    // On a quick machine each has its first pictures and no more.
    for (const own of [before, after]) {
      expect(own).not.toEqual([]);
      expect(own).toEqual(own.map((_, n) => (own[0] ?? 0) + n));
    }
    // The records overlap.
    expect(after[0]).toBeLessThanOrEqual((before.at(-1) ?? 0) + 1);
  }, 240_000);
});
