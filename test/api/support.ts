import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { fileToken } from '../../functions/core/links/fileToken.ts';
import { linkToken } from '../../functions/core/playback/linkToken.ts';
import { markActive } from '../../functions/core/protocol/active.ts';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../functions/core/state/ids.ts';
import {
  attemptKey,
  indexKey,
  jobKey,
  lockKey,
  outcomeKey,
  partKey,
} from '../../functions/core/state/keys.ts';
import type { Job } from '../../functions/core/state/objects.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../infra/local/runtime.ts';
import { refuseDenials } from '../support/denials.ts';
import { RUNTIME_FOR_TESTS } from '../support/testRuntime.ts';
import { checkAnswer, type Seen } from './documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of an answer that lists recordings, in its order. */
export const recordingIds = (body: Record<string, unknown>): string[] =>
  (body.recordings as { recordingId: string }[]).map(({ recordingId }) => recordingId);

/** The deployed functions behind the local gateway, with tasks that never leave PROVISIONING: nothing is recorded. */
export class TestApi {
  readonly runtime: Runtime;
  readonly s3: S3Client;
  readonly store: StateStore;
  /** Every line that was logged. */
  readonly lines: string[];
  /** What was answered, in the words of the document. */
  readonly seen: Seen[] = [];
  readonly #folder: string;

  private constructor(runtime: Runtime, folder: string, lines: string[]) {
    this.runtime = runtime;
    this.lines = lines;
    this.#folder = folder;
    this.s3 = new S3Client({
      endpoint: runtime.s3Url,
      region: runtime.region,
      credentials: runtime.credentials,
      forcePathStyle: true,
    });
    this.store = new StateStore(this.s3, 'landing');
  }

  static async start(options: Partial<RuntimeOptions> = {}): Promise<TestApi> {
    const folder = await mkdtemp(path.join(tmpdir(), 'api-'));
    const lines: string[] = [];
    const runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      ingest: false,
      launchDelayMs: 3_600_000,
      // A hundred calls at once wait for their turn on a busy machine, where Lambda would run them all.
      integrationTimeoutMs: 120_000,
      onLog: (_source, line) => lines.push(line),
      ...options,
    });
    return new TestApi(runtime, folder, lines);
  }

  async close(): Promise<void> {
    this.s3.destroy();
    await this.runtime.close({ graceMs: 0 });
    await rm(this.#folder, { recursive: true, force: true });
    refuseDenials(this.runtime);
  }

  async call(method: string, route: string, options: CallOptions = {}): Promise<Answer> {
    const { body, text, headers } = options;
    const answer = await fetch(`${this.runtime.apiUrl}${route}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(text === undefined ? {} : { body: text }),
      redirect: 'manual',
    });
    const read = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    const got = {
      status: answer.status,
      headers: answer.headers,
      body: (isJson ? JSON.parse(read) : {}) as Record<string, unknown>,
    };
    // Every answer that any test gets is held against the document.
    const seen = checkAnswer(method, route, got);
    if (seen !== undefined) this.seen.push(seen);
    return got;
  }

  /** What a link to play this recording has. */
  async playToken(recordingId: string): Promise<string> {
    return linkToken(recordingId, Date.now() + 60_000, await this.#linkKey());
  }

  /** What a link to a file has that need not be there: the API does not look. */
  async fileToken(): Promise<string> {
    const file = { as: 'inline', bucket: 'library', key: 'a.mp4' } as const;
    return fileToken(file, Date.now() + 60_000, await this.#linkKey());
  }

  async #linkKey(): Promise<string> {
    const file = path.join(this.#folder, 'data', 'playback-key.json');
    const { key } = JSON.parse(await readFile(file, 'utf8')) as { key: string };
    return key;
  }

  /** A stream that is published, as its media server would announce it. */
  async publish(mediaSessionId: string, fields: Record<string, unknown> = {}): Promise<void> {
    const answer = await this.call('PUT', `/streams/${encodeURIComponent(mediaSessionId)}`, {
      body: { name: mediaSessionId, sourceUrl: 'rtmp://media.example/live/secret-key', ...fields },
    });
    if (answer.status !== 200) throw new Error(`not announced: ${JSON.stringify(answer.body)}`);
  }

  /** @returns the recording's id */
  async startRecording(mediaSessionId: string, config?: unknown): Promise<string> {
    const answer = await this.call('POST', '/rest-api/stream/startRecording', {
      body: { mediaSessionId, ...(config === undefined ? {} : { config }) },
    });
    if (answer.status !== 200) throw new Error(`not started: ${JSON.stringify(answer.body)}`);
    return String(answer.body.recordingId);
  }

  /** A recording in state that no task works on, so that a test alone says what happens to it. @returns its id */
  async seedRecording(mediaSessionId: string): Promise<string> {
    const recordingId = newRecordingId(Date.now(), randomBytes(16));
    const job: Job = {
      recordingId,
      mediaSessionId,
      requestedAtMs: Date.now(),
      requestId: 'seed',
      source: { url: 'rtmp://media.example/live/secret-key' },
      stream: { name: mediaSessionId },
      settings: DEFAULT_SETTINGS,
    };
    await this.store.create(jobKey(recordingId), job);
    await markActive(this.store, job);
    await this.store.create(lockKey(mediaSessionId), { recordingId, acquiredAtMs: job.requestedAtMs });
    await this.store.create(indexKey(recordingId), { recordingId });
    return recordingId;
  }

  /** What a recorder would write: its claim and its first part. */
  async openPart(recordingId: string, atMs: number, fileName = 'stream-m1.mp4', part = 1): Promise<void> {
    await this.store.create(attemptKey(recordingId, 1, 'claim'), { attempt: 1, claimedAtMs: atMs });
    await this.store.create(partKey(recordingId, part, 'open'), {
      part,
      attempt: 1,
      key: `records/${recordingId}/1/${fileName}`,
      uploadId: 'u1',
      fileName,
      format: 'mp4',
      openedAtMs: atMs + 1_000,
      startTimeMs: atMs + 900,
      tracks: [{ kind: 'video', codec: 'h264', width: 640, height: 360 }],
    });
  }

  /** What recorder and relocation would write at the end; the record itself is in the library at `key`. */
  async finish(recordingId: string, atMs: number, key: string, etag: string): Promise<void> {
    await this.store.create(partKey(recordingId, 1, 'final'), {
      part: 1,
      attempt: 1,
      key: `records/${recordingId}/1/stream-m1.mp4`,
      uploadId: 'u1',
      format: 'mp4',
      uploaded: [],
      bytes: 4,
      crc32: 'AAAAAA==',
      durationMs: 5_000,
      startTimeMs: atMs - 5_000,
      endTimeMs: atMs,
      startTimeMillis: atMs - 5_000,
      endTimeMillis: atMs,
      tracks: [],
      videoFrames: 125,
      recovered: false,
      finalizedAtMs: atMs,
    });
    await this.store.create(attemptKey(recordingId, 1, 'end'), {
      attempt: 1,
      endedAtMs: atMs + 1,
      by: 'recorder',
      reason: { code: 'stopped', message: 'The recording was stopped.' },
    });
    await this.end(recordingId, atMs + 2);
    await this.store.create(partKey(recordingId, 1, 'moved'), {
      part: 1,
      bucket: 'library',
      key,
      etag,
      bytes: 4,
      movedAtMs: atMs + 3,
    });
  }

  async end(recordingId: string, atMs: number): Promise<void> {
    await this.store.create(outcomeKey(recordingId), {
      status: 'finished',
      reason: { code: 'stopped', message: 'The recording was stopped.' },
      parts: 1,
      atMs,
    });
  }
}
