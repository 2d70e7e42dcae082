import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../infra/local/runtime.ts';
import { refuseDenials } from './denials.ts';
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

  /** Announces a stream, records it for so long, and waits until its records are in the library. */
  async record(
    mediaSessionId: string,
    stream: { readonly sourceUrl: string; readonly [field: string]: unknown },
    { config, forMs = 2_000 }: { readonly config?: object; readonly forMs?: number } = {},
  ): Promise<Recorded> {
    const path = `/streams/${encodeURIComponent(mediaSessionId)}`;
    await this.ask('PUT', path, { name: mediaSessionId, ...stream });
    const recordingId = await this.startRecording(mediaSessionId, config);
    await this.reaches(recordingId, 'recording');
    await delay(forMs);
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
