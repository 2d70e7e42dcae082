import type { Logger } from '@aws-lambda-powertools/logger';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { lookupBySystem } from '../../functions/aws/dnsResolution.ts';
import { EventBus } from '../../functions/aws/eventBus.ts';
import { logger } from '../../functions/aws/logger.ts';
import { readSourceSecret } from '../../functions/aws/sourceSecrets.ts';
import { journalId } from '../../functions/core/state/keys.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { runAttempt } from '../attempt/attempt.ts';
import { handedOver } from '../attempt/handOver.ts';
import { Nudges } from '../attempt/nudges.ts';
import { Patience, PatientStore } from '../attempt/patience.ts';
import { StopRequest, stopCauseAfterSigterm } from '../attempt/stopRequest.ts';
import { PictureMaker } from '../pictures/pictureMaker.ts';
import { BufferPool } from '../upload/bufferPool.ts';
import { Journal } from '../upload/journal.ts';
import { recorderS3Client } from '../upload/s3Client.ts';
import type { SharedDisk } from '../upload/spool.ts';
import { StorageClock } from '../upload/storageClock.ts';
import { WriteAheadLog } from '../upload/writeAheadLog.ts';
import { type HostEnv, readHostEnv } from './env.ts';
import { type HostIdentity, hostIdentity } from './identity.ts';
import { writeAheadFolder } from './leftFragments.ts';
import { LoopDelay } from './loopDelay.ts';
import type { Carried, FromWorker, ToWorker } from './messages.ts';
import { diskOfHost } from './sharedDisk.ts';

interface Running {
  readonly carried: Carried;
  readonly stop: StopRequest;
  readonly nudges: Nudges;
  readonly patience: Patience;
  readonly store: PatientStore;
}

/**
 * A worker of a host: attempts beside each other in one process. They share clients and the journal, and nothing else:
 * each has its own ffmpeg, spool folder, patience and log, and what one of them throws ends that one alone. A defect that
 * ends the process ends them all, and the supervisor says so, and saves what its log has.
 */
export async function runWorker(): Promise<void> {
  const env = readHostEnv(process.env);
  const worker = new Worker(env, await hostIdentity(env));
  process.on('message', (message) => worker.hear(message as ToWorker));
  // Its supervisor is gone, and with it the container.
  process.on('disconnect', () => process.exit(1));
  // The container's signals are for the supervisor.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  tell({ kind: 'ready' });
}

class Worker {
  readonly #env: HostEnv;
  readonly #identity: HostIdentity;
  readonly #running = new Map<string, Running>();
  readonly #clock = new StorageClock(logger);
  /** State and media have sockets of their own: a part that is uploaded does not hold up a claim. */
  readonly #state = this.#clock.listen(recorderS3Client(logger));
  readonly #media = this.#clock.listen(recorderS3Client(logger));
  readonly #journal: Journal;
  readonly #buffers = new BufferPool();
  readonly #delay = new LoopDelay((maxMs) => tell({ kind: 'delay', maxMs }));
  readonly #pictures: PictureMaker;
  readonly #bus: EventBus;
  readonly #disk: SharedDisk;

  constructor(env: HostEnv, identity: HostIdentity) {
    const { WORKER_NAME: name } = env;
    // Its supervisor would not find what it leaves.
    if (name === undefined) throw new Error('environment variable WORKER_NAME is missing');
    this.#env = env;
    this.#identity = identity;
    this.#disk = diskOfHost(env.SPOOL_DIR, env.MAX_RECORDINGS);
    this.#journal = new Journal(journalId(identity.hostId, name), {
      s3: this.#media,
      bucket: env.LANDING_BUCKET,
      log: logger,
      nowMs: () => this.#clock.nowMs(),
      writeAhead: new WriteAheadLog(writeAheadFolder(env.SPOOL_DIR, name), logger),
    });
    this.#pictures = new PictureMaker(this.#ffmpegPath);
    this.#bus = new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME);
  }

  get #ffmpegPath(): string {
    return this.#env.FFMPEG_PATH ?? 'ffmpeg';
  }

  hear(message: ToWorker): void {
    if (message.kind === 'begin') void this.#carry(message.carried);
    else if (message.kind === 'interrupt') {
      for (const [runId, one] of this.#running)
        if (message.runId === undefined || message.runId === runId) this.#interrupt(one);
    } else {
      for (const { carried, nudges } of this.#running.values()) {
        if (carried.recordingId === message.recordingId) nudges.nudge();
      }
    }
  }

  /** Must not throw: what one recording meets ends no other. */
  async #carry(carried: Carried): Promise<void> {
    const log = logger.createChild();
    log.appendKeys({ recordingId: carried.recordingId, attempt: carried.attempt });
    let reason: Reason;
    try {
      reason = await this.#run(carried, log);
    } catch (error) {
      log.error('the recorder failed', error as Error);
      reason = { code: 'recorder_failed', message: 'The recorder failed.' };
    }
    this.#running.delete(carried.runId);
    if (this.#running.size === 0) this.#delay.stop();
    tell({ kind: 'ended', carried, ...reason });
  }

  #run(carried: Carried, log: Logger): Promise<Reason> {
    const patience = new Patience();
    const store = new PatientStore(this.#state, this.#env.LANDING_BUCKET, { signal: patience.signal, log });
    const running = { carried, stop: new StopRequest(), nudges: new Nudges(), patience, store };
    this.#running.set(carried.runId, running);
    this.#delay.start();
    return runAttempt({
      outside: {
        s3: this.#media,
        store,
        patience,
        journal: this.#journal,
        buffers: this.#buffers,
        pictures: this.#pictures,
        bus: this.#bus,
        clock: this.#clock,
        log,
        lookup: lookupBySystem,
        readSourceSecret,
      },
      ...carried,
      ...this.#identity,
      ffmpegPath: this.#ffmpegPath,
      spoolFolder: this.#env.SPOOL_DIR,
      disk: this.#disk,
      stop: running.stop,
      nudges: running.nudges,
      tellProgress: async (progress) => tell({ kind: 'progress', carried, progress }),
      onBegun: (isClaimed) => tell({ kind: 'begun', carried, isClaimed }),
    });
  }

  /** The host is told to end; a recording that was asked to stop as well ends for that. */
  #interrupt(running: Running): void {
    const { carried, stop, patience } = running;
    patience.sigterm();
    this.#end(running).catch((error: unknown) => {
      const { recordingId } = carried;
      logger.error('whether a stop was asked cannot be read', { recordingId, error: error as Error });
      stop.ask('interrupted');
    });
  }

  async #end({ carried, stop, store }: Running): Promise<void> {
    const { recordingId, attempt } = carried;
    const cause = await stopCauseAfterSigterm(store, recordingId);
    if (cause !== 'interrupted') return stop.ask(cause);
    const overlapMs = await handedOver({ store, clock: this.#clock, recordingId, attempt }, stop.signal);
    logger.info('hand-over', { recordingId, attempt, overlapMs });
    stop.interrupt(overlapMs);
  }
}

function tell(message: FromWorker): void {
  // A supervisor that is gone hears nothing more.
  process.send?.(message, undefined, undefined, () => undefined);
}
