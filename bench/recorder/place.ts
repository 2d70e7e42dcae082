import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { StateStore } from '../../functions/aws/stateStore.ts';
import type { RecordingSettings } from '../../functions/core/settings/settings.ts';
import { jobKey, outcomeKey, partKey, stopKey } from '../../functions/core/state/keys.ts';
import { type Outcome, outcomeSchema, type Stop } from '../../functions/core/state/objects.ts';
import { type FinalPart, finalPartSchema, openPartSchema } from '../../functions/core/state/partObjects.ts';
import { bundleRecorder } from '../../infra/construct/bundling/recorder.ts';
import { type EventsServer, startEventsServer } from '../../infra/emulators/events/server.ts';
import { RECORDER_TASK } from '../../infra/wiring.ts';
import { benchJob } from '../../test/support/benchJob.ts';
import { Child, waitFor } from '../../test/support/children.ts';
import { childOf } from './processes.ts';
import type { TlsFront } from './tlsFront.ts';

const LANDING = 'landing';
const BUS = 'bus';
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };
/** Calls that S3 had, by operation. */
export type Calls = Readonly<Record<string, number>>;

export interface PlaceOptions {
  /** Of the recorders, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** Recorders speak with S3 as they do with AWS's. */
  readonly tls?: boolean;
}

/** What a client of S3 is given by configuration, beside the certificate that it is to trust. */
export interface SecureEndpoint extends TlsFront {
  readonly region: string;
  readonly credentials: typeof CREDENTIALS;
  readonly forcePathStyle: boolean;
}

/** Where recorders run as their image runs them: the bundle in a process of its own, S3 in another. */
export class RecorderPlace {
  readonly folder: string;
  readonly client: S3Client;
  readonly #s3: ChildProcess;
  readonly #events: EventsServer;
  readonly #tls: TlsFront | undefined;
  readonly #url: string;
  readonly #store: StateStore;
  readonly #nodeArguments: readonly string[];
  readonly #running = new Set<Child>();
  #count = 0;

  private constructor(
    folder: string,
    s3: ChildProcess,
    { url, tls }: { readonly url: string; readonly tls?: TlsFront },
    events: EventsServer,
    nodeArguments: readonly string[],
  ) {
    this.folder = folder;
    this.#nodeArguments = nodeArguments;
    this.#s3 = s3;
    this.#url = url;
    this.#tls = tls;
    this.#events = events;
    this.client = new S3Client({
      endpoint: url,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      forcePathStyle: true,
    });
    this.#store = new StateStore(this.client, LANDING);
  }

  static async start({ nodeArguments = [], tls = false }: PlaceOptions = {}): Promise<RecorderPlace> {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-recorder-'));
    await mkdir(path.join(folder, 'spool'));
    const s3 = fork(path.join(import.meta.dirname, 's3Process.ts'), {
      env: {
        DATA_DIR: path.join(folder, 's3'),
        BUCKET: LANDING,
        ACCESS_KEY: CREDENTIALS.accessKeyId,
        SECRET_KEY: CREDENTIALS.secretAccessKey,
        ...(tls ? { TLS_FOLDER: path.join(folder, 'tls') } : {}),
      },
    });
    const [ready] = (await once(s3, 'message')) as [{ readonly url: string; readonly tls?: TlsFront }];
    const events = await startEventsServer({ busNames: [BUS] });
    await bundleRecorder(path.join(folder, 'recorder.mjs'));
    return new RecorderPlace(folder, s3, ready, events, nodeArguments);
  }

  /** Where a process speaks TLS with S3, as a function does with AWS's. @throws where it was started without */
  get secureEndpoint(): SecureEndpoint {
    if (this.#tls === undefined) throw new Error('S3 has no TLS here');
    return { ...this.#tls, region: 'us-east-1', credentials: CREDENTIALS, forcePathStyle: true };
  }

  /** Calls that S3 has had so far. */
  async calls(): Promise<Calls> {
    this.#s3.send('calls');
    const [calls] = (await once(this.#s3, 'message')) as [Calls];
    return calls;
  }

  get store(): StateStore {
    return this.#store;
  }

  /** A program of the bundle, with the environment that its task would give it. */
  spawn(role: readonly string[], environment: Readonly<Record<string, string>>): Child {
    const child = new Child(
      process.execPath,
      [
        ...RECORDER_TASK.nodeArguments,
        ...this.#nodeArguments,
        path.join(this.folder, 'recorder.mjs'),
        ...role,
      ],
      {
        PATH: process.env.PATH,
        LANDING_BUCKET: LANDING,
        EVENT_BUS_NAME: BUS,
        SPOOL_DIR: path.join(this.folder, 'spool'),
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
        AWS_ENDPOINT_URL_S3: this.#tls?.url ?? this.#url,
        ...(this.#tls === undefined ? {} : { NODE_EXTRA_CA_CERTS: this.#tls.certificateFile }),
        AWS_ENDPOINT_URL_EVENTBRIDGE: this.#events.url,
        ...RECORDER_TASK.processEnvironment,
        ...environment,
      },
    );
    this.#running.add(child);
    return child;
  }

  /** Starts a recorder; settles when its first part has been opened. */
  async record(url: string, settings: Partial<RecordingSettings> = {}): Promise<RunningRecorder> {
    const recordingId = await this.createJob(url, settings);
    const child = this.spawn([], { RECORDING_ID: recordingId, ATTEMPT: '1' });
    const recorder = new RunningRecorder(this.#store, recordingId, child);
    await waitFor('the first part', () => recorder.hasBegun(), { everyMs: 50 });
    return recorder;
  }

  /** @returns the recording's id */
  async createJob(url: string, settings: Partial<RecordingSettings> = {}): Promise<string> {
    this.#count += 1;
    const job = benchJob(this.#count, url, settings);
    await this.#store.create(jobKey(job.recordingId), job);
    return job.recordingId;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.stop('SIGKILL')));
    await this.#events.close();
    if (this.#s3.connected) {
      const gone = once(this.#s3, 'exit');
      this.#s3.disconnect();
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly final: FinalPart;
  readonly outcome: Outcome;
}

/** A recorder's process. */
export class RunningRecorder {
  readonly pid: number;
  readonly #store: StateStore;
  readonly recordingId: string;
  readonly #child: Child;

  constructor(store: StateStore, recordingId: string, child: Child) {
    this.#store = store;
    this.recordingId = recordingId;
    this.#child = child;
    this.pid = child.process.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.running;
  }

  async hasBegun(): Promise<true | undefined> {
    if (!this.running) throw new Error(`the recorder ended: ${this.#child.output}`);
    const open = await this.#store.read(partKey(this.recordingId, 1, 'open'), openPartSchema);
    return open === undefined ? undefined : true;
  }

  /** Undefined where the recorder reads its source by itself. */
  get ffmpegPid(): number | undefined {
    return childOf(this.pid, 'ffmpeg');
  }

  /** Ends the recording as the API does. */
  async stop(): Promise<Ended> {
    const stop: Stop = { requestedAtMs: Date.now(), by: 'bench', reason: 'bench' };
    await this.#store.create(stopKey(this.recordingId), stop);
    this.#child.process.kill('SIGTERM');
    return this.ended();
  }

  /** Waits until the recording has ended well. @throws when it did not, with what the recorder wrote */
  async ended(): Promise<Ended> {
    if (this.running) await once(this.#child.process, 'exit');
    const outcome = await this.#store.read(outcomeKey(this.recordingId), outcomeSchema);
    const final = await this.#store.read(partKey(this.recordingId, 1, 'final'), finalPartSchema);
    if (outcome?.value.status !== 'finished' || final === undefined) {
      throw new Error(`a recording did not end well: ${this.#child.output}`);
    }
    return { final: final.value, outcome: outcome.value };
  }
}
