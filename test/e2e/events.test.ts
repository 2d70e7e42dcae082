import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  EVENT_SCHEMAS,
  EVENT_SOURCE,
  EVENT_TYPES,
  type EventType,
} from '../../functions/core/events/published.ts';
import { type EventBridgeEvent, type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { type Child, waitFor } from '../support/children.ts';
import { decodeErrors, publishCounter } from '../support/counterStream.ts';
import { refuseDenials } from '../support/denials.ts';
import { RUNTIME_FOR_TESTS } from '../support/testRuntime.ts';
import { describeWith } from '../support/tools.ts';

describeWith(['ffmpeg'], 'events of a recording', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'events-'));
  const copies = path.join(folder, 'stream_records');
  const events: EventBridgeEvent[] = [];
  let runtime: Runtime;
  let publisher: Child;

  beforeAll(async () => {
    const script = path.join(folder, 'on_record_hook.sh');
    writeFileSync(script, `#!/bin/sh\nmkdir -p '${copies}/'"$1"\nmv "$2" '${copies}/'"$1"\n`);
    chmodSync(script, 0o755);
    runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      onRecordHook: script,
      onEvent: (event) => {
        if (event.source === EVENT_SOURCE) events.push(event);
      },
    });
    publisher = publishCounter(`${runtime.rtmpUrl}/live/cam1`);
  });
  afterAll(async () => {
    await publisher.stop();
    await runtime.close();
    rmSync(folder, { recursive: true, force: true });
    refuseDenials(runtime);
  });

  const post = (route: string): Promise<Response> =>
    fetch(`${runtime.apiUrl}/rest-api/stream/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mediaSessionId: 'cam1' }),
    });
  const published = (type: EventType): Promise<EventBridgeEvent> =>
    waitFor(type, () => events.find((event) => event['detail-type'] === type), { timeoutMs: 90_000 });

  it('are of their schemas, and the hook gets each record as a file', async () => {
    await waitFor('the stream', async () => ((await post('startRecording')).ok ? true : undefined));
    await published(EVENT_TYPES.recordingStarted);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await post('stopRecording')).status).toBe(200);
    const types = [
      EVENT_TYPES.recordingStarted,
      EVENT_TYPES.partFinished,
      EVENT_TYPES.recordAvailable,
      EVENT_TYPES.recordingFinished,
    ];
    for (const type of types) await published(type);
    for (const { 'detail-type': type, detail } of events) {
      // Nothing is in it that docs/events.md does not tell.
      expect(EVENT_SCHEMAS[type as EventType].parse(detail)).toEqual(detail);
    }
    const available = await published(EVENT_TYPES.recordAvailable);
    expect(available.detail).toMatchObject({ complete: true, incomplete: [], codecs: ['h264', 'aac'] });

    const file = await waitFor('the hook', () => {
      try {
        return readdirSync(path.join(copies, 'cam1'))[0];
      } catch {
        return undefined;
      }
    });
    expect(file).toBe('stream-cam1.mp4');
    expect(await decodeErrors(path.join(copies, 'cam1', file))).toBe('');
  }, 240_000);
});
