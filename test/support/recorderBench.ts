import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { runAttempt } from '../../container/attempt/attempt.ts';
import { Patience, PatientStore } from '../../container/attempt/patience.ts';
import { StopRequest } from '../../container/attempt/stopRequest.ts';
import { PictureMaker, type PictureMaking } from '../../container/pictures/pictureMaker.ts';
import { BufferPool } from '../../container/upload/bufferPool.ts';
import { Journal } from '../../container/upload/journal.ts';
import type { JournalTrack, JournalTrackOptions } from '../../container/upload/journalTrack.ts';
import { recorderS3Client } from '../../container/upload/s3Client.ts';
import { type Lookup, lookupBySystem } from '../../functions/aws/dnsResolution.ts';
import { EventBus } from '../../functions/aws/eventBus.ts';
import { sendInSlices } from '../../functions/aws/slices.ts';
import { readSourceSecret } from '../../functions/aws/sourceSecrets.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import type { RecordingSettings } from '../../functions/core/settings/settings.ts';
import type { RecordingObjects } from '../../functions/core/state/fold.ts';
import { jobKey, journalId } from '../../functions/core/state/keys.ts';
import type { Job, Reason } from '../../functions/core/state/objects.ts';
import { rescuerS3Client } from '../../functions/mending/s3Client.ts';
import { readRecording } from '../../functions/recordings/read.ts';
import { type EventsServer, startEventsServer } from '../../infra/emulators/events/server.ts';
import { type S3Server, startS3Server } from '../../infra/emulators/s3/server.ts';
import type { Credentials } from '../../infra/emulators/shared/access.ts';
import type { Faults } from '../../infra/emulators/shared/faults.ts';
import { EVENT_BUS as BUS, LANDING } from '../../infra/local/place.ts';
import { findOnPath } from '../../infra/local/tools.ts';
import { RECORDER_TASK } from '../../infra/wiring.ts';
import { benchJob } from './benchJob.ts';
import { refuseDenials } from './denials.ts';
import { TestRoles } from './testRoles.ts';

/** By its path: what the recorder starts is not looked for where the tests' programs are (test/setup/quickFfmpeg.ts). */
export const SYSTEM_FFMPEG = findOnPath('ffmpeg') ?? 'ffmpeg';
/** What the recorder runs; `npm run test:image` names the image's. Sources are made, and records read, with the system's. */
export const RECORDER_FFMPEG = process.env.RECORDER_FFMPEG ?? SYSTEM_FFMPEG;
/** As the recorder's own, but they come on a busy machine too, where it would go on without. */
export const patientPictures = (): PictureMaker =>
  new PictureMaker(RECORDER_FFMPEG, { runMaxMs: 60_000, endWaitsMs: 60_000 });
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };

export interface Attempt {
  readonly recordingId: string;
  readonly stop: StopRequest;
  readonly reason: Promise<Reason>;
  /** What its files have by now. */
  readonly written: Written;
}

/** Whole fragments, of all files so far. */
export interface Written {
  readonly durationMs: number;
  readonly videoFrames: number;
}

/** A journal that also says how much it was given. */
class WatchedJournal extends Journal {
  readonly #files = new Map<JournalTrack, Written>();

  override track(options: JournalTrackOptions): JournalTrack {
    const track = super.track(options);
    const added = track.added.bind(track);
    track.added = (facts, fragment) => {
      added(facts, fragment);
      this.#files.set(track, facts);
    };
    return track;
  }

  get written(): Written {
    const files = [...this.#files.values()];
    return {
      durationMs: files.reduce((sum, { durationMs }) => sum + durationMs, 0),
      videoFrames: files.reduce((sum, { videoFrames }) => sum + videoFrames, 0),
    };
  }
}

interface Started {
  readonly folder: string;
  readonly server: S3Server;
  readonly events: EventsServer;
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly roles: TestRoles;
}

/** The recorder in this process, with real ffmpeg, against real S3 and EventBridge protocols. */
export class RecorderBench {
  /** Where pictures come from; those who ask for some may put another one here. */
  pictures: PictureMaking = patientPictures();
  /** What records what the recorder itself does not read. */
  ffmpegPath = RECORDER_FFMPEG;
  /** Types of the events that were published, in order. */
  readonly events: string[] = [];
  #started: Started | undefined;
  #count = 0;

  async start(): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'recorder-'));
    const roles = new TestRoles(CREDENTIALS);
    const server = await startS3Server({
      dataDir: path.join(folder, 's3'),
      credentials: roles.access,
      buckets: [LANDING],
    });
    const events = await startEventsServer({
      busNames: [BUS],
      access: roles.access,
      onEvent: (event) => {
        this.events.push(event['detail-type']);
      },
    });
    // Journals are written with it, too.
    const s3 = sendInSlices(new S3Client(clientConfig(server, CREDENTIALS)));
    this.#started = { folder, server, events, s3, store: new StateStore(s3, LANDING), roles };
  }

  get #running(): Started {
    if (this.#started === undefined) throw new Error('the bench is not started');
    return this.#started;
  }

  get folder(): string {
    return this.#running.folder;
  }

  /** Of the test itself, which may do everything. */
  get s3(): S3Client {
    return this.#running.s3;
  }

  get store(): StateStore {
    return this.#running.store;
  }

  get faults(): Faults {
    return this.#running.server.faults;
  }

  get eventFaults(): Faults {
    return this.#running.events.faults;
  }

  bus(role: string = RECORDER_TASK.family): EventBus {
    const client = new EventBridgeClient({
      endpoint: this.#running.events.url,
      region: 'us-east-1',
      credentials: this.#running.roles.credentials(role),
    });
    return new EventBus(client, BUS);
  }

  /** @param role whose rights it has: a function's name, or a task's family */
  client(role: string): S3Client {
    const { server, roles } = this.#running;
    return new S3Client(clientConfig(server, roles.credentials(role)));
  }

  /** The same, of a function that rescues. */
  rescuer(role: string): S3Client {
    const { server, roles } = this.#running;
    return rescuerS3Client(clientConfig(server, roles.credentials(role)));
  }

  async createJob(
    url: string,
    settings: Partial<RecordingSettings> = {},
    facts: Partial<Pick<Job, 'requestedAtMs'>> = {},
  ): Promise<string> {
    this.#count += 1;
    const job: Job = { ...benchJob(this.#count, url, settings), ...facts };
    await this.store.create(jobKey(job.recordingId), job);
    return job.recordingId;
  }

  /** Runs an attempt of a recording. */
  run(recordingId: string, attempt = 1, lookup: Lookup = lookupBySystem): Attempt {
    const stop = new StopRequest();
    const log = new Logger({ logLevel: 'SILENT' });
    const { server, roles } = this.#running;
    const s3 = recorderS3Client(log, clientConfig(server, roles.credentials(RECORDER_TASK.family)));
    const patience = new Patience();
    const journal = new WatchedJournal(journalId('host', randomUUID()), {
      s3,
      bucket: LANDING,
      log,
      nowMs: Date.now,
    });
    const reason = runAttempt({
      outside: {
        s3,
        store: new PatientStore(s3, LANDING, { signal: patience.signal, log }),
        patience,
        journal,
        buffers: new BufferPool(),
        pictures: this.pictures,
        bus: this.bus(),
        clock: { nowMs: Date.now },
        log,
        lookup,
        readSourceSecret,
      },
      recordingId,
      attempt,
      taskArn: `task/${recordingId}-${attempt}`,
      runId: randomUUID(),
      ffmpegPath: this.ffmpegPath,
      spoolFolder: path.join(this.folder, 'spool'),
      stop,
    }).finally(() => journal.close());
    return {
      ...{ recordingId, stop, reason },
      get written() {
        return journal.written;
      },
    };
  }

  async record(url: string, settings: Partial<RecordingSettings> = {}, lookup?: Lookup): Promise<Recorded> {
    const recordingId = await this.createJob(url, settings);
    const reason = await this.run(recordingId, 1, lookup).reason;
    return { recordingId, reason, objects: await this.objects(recordingId) };
  }

  async objects(recordingId: string): Promise<RecordingObjects> {
    const objects = await readRecording(this.store, recordingId);
    if (objects === undefined) throw new Error('no job');
    return objects;
  }

  async object(key: string): Promise<Buffer> {
    const answer = await this.s3.send(new GetObjectCommand({ Bucket: LANDING, Key: key }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  }

  async close(): Promise<void> {
    if (this.#started === undefined) return;
    const { events, server, folder, roles } = this.#started;
    await events.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
    refuseDenials(roles);
  }
}

function clientConfig({ url }: S3Server, credentials: Credentials): S3ClientConfig {
  return { endpoint: url, region: 'us-east-1', credentials, forcePathStyle: true };
}

export interface Recorded {
  readonly recordingId: string;
  readonly reason: Reason;
  readonly objects: RecordingObjects;
}
