import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { freePort, waitFor } from '../support/children.ts';
import { publishCounter } from '../support/counterStream.ts';
import { refuseDenials } from '../support/denials.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { RUNTIME_FOR_TESTS } from '../support/testRuntime.ts';
import { describeWith } from '../support/tools.ts';

interface Listed {
  readonly status: string;
  readonly reason?: { readonly code: string };
}

describeWith(['ffmpeg', 'nginxRtmp'], "nginx's own hooks", () => {
  let folder: string;
  let runtime: Runtime;
  let nginx: NginxRtmp;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hooks-'));
    const port = await freePort();
    nginx = await NginxRtmp.start({ hookUrl: `http://127.0.0.1:${port}/hooks/nginx-secret/nginx-rtmp` });
    runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      ports: { api: port },
      ingest: false,
      streamHooks: JSON.stringify({
        secretsSha256: [createHash('sha256').update('nginx-secret').digest('hex')],
        sources: { live: `${nginx.url}/{streamName}` },
      }),
    });
    // nginx refuses a publisher whose hook is not answered within 10 s, which the first answer on a busy machine may take.
    await get('/streams/live%2Fasked');
  });

  afterAll(async () => {
    await nginx.stop();
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
    refuseDenials(runtime);
  });

  const get = async (route: string) => {
    const answer = await fetch(`${runtime.apiUrl}${route}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const recordings = async (stream: string) =>
    (await get(`/recordings?stream=${stream}`)).recordings as Listed[];

  it('register and record a stream whose publisher asks for it, and end the recording with it', async () => {
    const publisher = publishCounter(`${nginx.url}/asked?record=true`);
    await waitFor('frames', async () => (await recordings('asked'))[0]?.status === 'recording' || undefined, {
      timeoutMs: 90_000,
    });
    // on_update comes every second, and starts nothing more.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await get('/streams/live%2Fasked')).status).toBe('PUBLISHING');
    await publisher.stop('SIGINT');
    await waitFor(
      'the record',
      async () => (await recordings('asked'))[0]?.status === 'available' || undefined,
      { timeoutMs: 60_000 },
    );
    expect((await get('/streams/live%2Fasked')).status).toBe('UNPUBLISHED');
    const all = await recordings('asked');
    expect(all).toHaveLength(1);
    expect(['stopped', 'source_ended']).toContain(all[0]?.reason?.code);
  }, 240_000);

  it('register a stream that nobody asked to record, and record nothing', async () => {
    const publisher = publishCounter(`${nginx.url}/plain`);
    await waitFor('the stream', async () =>
      (await get('/streams/live%2Fplain')).status === 'PUBLISHING' ? true : undefined,
    );
    await publisher.stop('SIGINT');
    await waitFor('its end', async () =>
      (await get('/streams/live%2Fplain')).status === 'UNPUBLISHED' ? true : undefined,
    );
    expect(await recordings('plain')).toEqual([]);
  }, 240_000);
});
