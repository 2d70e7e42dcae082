import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { LANDING } from '../../infra/local/place.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from './children.ts';
import { refuseDenials } from './denials.ts';
import { journaledOf } from './journal.ts';
import { RUNTIME_FOR_TESTS } from './testRuntime.ts';

export interface RecordedPart {
  readonly part: number;
  readonly status: string;
  readonly fileName: string;
  readonly startTime: string;
  readonly durationMs: number;
  readonly library?: { readonly bucket: string; readonly key: string };
  readonly download?: { readonly url: string };
}

export interface Recorded {
  readonly recordingId: string;
  readonly mediaSessionId: string;
  readonly status: string;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly parts: readonly RecordedPart[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Records of real streams over the HTTP API of the local runtime, until they are files of the test. */
export class LocalRecorder {
  readonly runtime: Runtime;
  readonly folder: string;
  /** `event`: something was published. */
  readonly #bus: EventEmitter;

  private constructor(runtime: Runtime, folder: string, bus: EventEmitter) {
    this.runtime = runtime;
    this.folder = folder;
    this.#bus = bus;
  }

  static async start(
    options: (folder: string) => Partial<RuntimeOptions> = () => ({}),
  ): Promise<LocalRecorder> {
    const folder = await mkdtemp(path.join(tmpdir(), 'recorder-'));
    const bus = new EventEmitter().setMaxListeners(0);
    const runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      // As `npm start` has it. A task for each recording is another process of half a second: e2e/record has those.
      hosts: 1,
      ...options(folder),
      onEvent: () => bus.emit('event'),
    });
    return new LocalRecorder(runtime, folder, bus);
  }

  async close(): Promise<void> {
    await this.runtime.close();
    await rm(this.folder, { recursive: true, force: true });
    refuseDenials(this.runtime);
  }

  async call(method: string, route: string, body?: unknown): Promise<ApiAnswer> {
    const answer = await fetch(`${this.runtime.apiUrl}${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
  }

  /** As `call`. @throws Error for another status than 2xx */
  async ask(method: string, route: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.call(method, route, body);
    if (answer.status < 200 || answer.status > 299) {
      throw new Error(`${method} ${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /** @returns the recording's id */
  async startRecording(mediaSessionId: string, config?: object): Promise<string> {
    const asked = { mediaSessionId, ...(config === undefined ? {} : { config }) };
    return String((await this.ask('POST', '/rest-api/recorder/startup', asked)).recordingId);
  }

  async stopRecording(mediaSessionId: string): Promise<void> {
    await this.ask('POST', '/rest-api/stream/stopRecording', { mediaSessionId });
  }

  async recording(recordingId: string): Promise<Recorded> {
    return (await this.ask('GET', `/recordings/${recordingId}`)) as unknown as Recorded;
  }

  /** Asks when something was published, and now and then: each question is a function's work, and that of S3. */
  async reaches(recordingId: string, status: string): Promise<Recorded> {
    const untilMs = Date.now() + 60_000;
    for (;;) {
      const toAskAgain = Promise.race([once(this.#bus, 'event'), delay(1_000)]);
      const found = await this.recording(recordingId);
      if (found.status === status) return found;
      if (found.status === 'failed') throw new Error(`it failed: ${JSON.stringify(found.reason)}`);
      if (Date.now() > untilMs)
        throw new Error(`waited for recording ${recordingId} to be ${status}: it is ${found.status}`);
      await toAskAgain;
    }
  }

  /** Waits until so much of a recording is saved. */
  async saved(recordingId: string, ms: number): Promise<void> {
    const { s3Url, region, credentials } = this.runtime;
    const s3 = new S3Client({ endpoint: s3Url, region, credentials, forcePathStyle: true });
    await waitFor(
      `${ms} ms of recording ${recordingId}`,
      async () => (await savedMs(s3, recordingId)) >= ms || undefined,
      { everyMs: 250 },
    );
    s3.destroy();
  }

  /** Announces a stream, records at least so much of it, and waits until its records are in the library. */
  async record(
    mediaSessionId: string,
    stream: { readonly sourceUrl: string; readonly [field: string]: unknown },
    { config, ms = 500 }: { readonly config?: object; readonly ms?: number } = {},
  ): Promise<Recorded> {
    const path = `/streams/${encodeURIComponent(mediaSessionId)}`;
    await this.ask('PUT', path, { name: mediaSessionId, ...stream });
    const recordingId = await this.startRecording(mediaSessionId, config);
    await this.reaches(recordingId, 'recording');
    await this.saved(recordingId, ms);
    await this.stopRecording(mediaSessionId);
    return this.reaches(recordingId, 'available');
  }

  /** The record as a file, fetched by the link that the API gave. */
  async download({ recordingId, parts }: Recorded, part = 1): Promise<string> {
    const found = parts.find((one) => one.part === part);
    const answer = await fetch(found?.download?.url ?? '');
    if (!answer.ok) throw new Error(`the link to the record answered ${answer.status}`);
    const file = path.join(this.folder, `${recordingId}-${part}${path.extname(found?.fileName ?? '')}`);
    await writeFile(file, Buffer.from(await answer.arrayBuffer()));
    return file;
  }
}

/** Of all files. */
async function savedMs(s3: S3Client, recordingId: string): Promise<number> {
  const entries = await journaledOf(s3, LANDING, recordingId);
  const files = Map.groupBy(entries, ({ attempt, file }) => `${attempt} ${file}`);
  return [...files.values()].reduce(
    (sum, own) => sum + Math.max(...own.map(({ durationMs }) => durationMs)),
    0,
  );
}
