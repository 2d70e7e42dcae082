import {
  type BeginPorts,
  beginAttempt,
  beginEnding,
  type EndPorts,
  endAttempt,
} from '../../../../functions/core/protocol/attempt.ts';
import { recordedEarlier } from '../../../../functions/core/protocol/earlier.ts';
import { isEarlierAlive } from '../../../../functions/core/protocol/others.ts';
import type { StartPorts } from '../../../../functions/core/protocol/start.ts';
import { partKey, sessionKey, stopKey } from '../../../../functions/core/state/keys.ts';
import {
  type Job,
  type Reason,
  sessionSchema,
  stopSchema,
} from '../../../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import type { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';
import type { RecorderEnd, SeenRecorder, Task } from './modelTask.ts';
import type { TaskStory } from './script.ts';
import type { Witness } from './witness.ts';

/** A process is gone between two of its calls. */
export class Died extends Error {}

/** What a recorder has of the world. */
export interface Surroundings {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  /** So long a host carries what dies. */
  readonly hostedMs: number;
  readonly ports: BeginPorts & Omit<EndPorts, 'allParts'> & Pick<StartPorts, 'tasks'>;
  /** Any other process may come first, and this one may die. */
  step(): Promise<void>;
  readonly witness: Witness;
  stopped(task: Task, end: RecorderEnd): void;
}

/** As runAttempt says it. */
const NOT_BEGUN = { unknown: 'recorder_failed', over: 'stopped', superseded: 'superseded' } as const;
/** As long as its task may live. */
const HAND_OVER_LOOKS = 4;
const OPEN_TRIES = 4;
const SOURCE_FAILED: Reason = { code: 'source_not_found', message: 'There is no such stream.' };

/** A recorder without media: what one does to the state, from its claim to its end. */
export class ModelRecorder implements SeenRecorder {
  readonly #world: Surroundings;
  readonly #task: Task;
  readonly #story: TaskStory;
  isRecording: boolean = false;
  isHandingOver: boolean = false;
  #job: Job | undefined;
  #open: OpenPart | undefined;
  #claimedAtMs: number | undefined;
  #isGone: boolean = false;
  /** Why it is gone; undefined until it has said so. */
  #code: Reason['code'] | undefined;

  constructor(world: Surroundings, task: Task, story: TaskStory) {
    this.#world = world;
    this.#task = task;
    this.#story = story;
  }

  /** From its launch to its end; in calm times it is left recording. */
  async run(): Promise<void> {
    try {
      if (this.#story !== 'never started' && (await this.#begin())) await this.#tell();
    } catch (error) {
      this.#stopped();
      throw error;
    }
    if (!this.isRecording || this.#story !== 'goes on') this.#stopped();
  }

  /** What a recorder that goes on does now and then. */
  async look(): Promise<void> {
    if (!this.isRecording || this.#job === undefined) return;
    const { store } = this.#world;
    const { recordingId, mediaSessionId } = this.#job;
    const isStopped = (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
    const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
    if (!isStopped && session?.value.status === 'PUBLISHING') return;
    await this.#end(isStopped ? 'stopped' : 'source_ended');
    this.#stopped();
  }

  /** Its host died: it takes no step any more. */
  goneWithItsHost(): void {
    this.#stopped();
  }

  async #begin(): Promise<boolean> {
    const { recordingId, attempt, arn, runId, host } = this.#task;
    const begun = await beginAttempt(this.#world.ports, {
      ...{ recordingId, attempt, taskArn: arn, runId, hostId: host?.hostId },
    });
    if (begun.kind !== 'claimed') {
      this.#code = NOT_BEGUN[begun.kind];
      return false;
    }
    this.#claimedAtMs = this.#world.clock.nowMs();
    const over = begun.isStopAsked ? 'stopped' : begun.ending?.code;
    this.#world.witness.claimed(this.#task, over === undefined);
    this.#job = begun.job;
    if (over === undefined) {
      this.isRecording = true;
      return true;
    }
    await this.#end(over);
    return false;
  }

  async #tell(): Promise<void> {
    if (!this.#story.endsWith('silent')) await this.#openPart();
    if (this.#story.startsWith('hands over')) await this.#handOver();
    await this.#world.step();
    const isStopped = await this.#isStopped();
    if (this.#story.includes('killed')) this.#die();
    if (isStopped) await this.#end('stopped');
    else if (this.#story === 'defect') await this.#end('recorder_failed');
    else if (this.#story.endsWith('source ended')) await this.#end('source_ended');
    else if (this.#story === 'told to end') await this.#end('interrupted');
    else if (this.isHandingOver) await this.#end('handed_over');
    else if (this.#story === 'source failed silent') await this.#failToOpen();
  }

  #die(): never {
    const { clock, hostedMs } = this.#world;
    const { host } = this.#task;
    if (host !== undefined) clock.timeMs += hostedMs;
    if (this.#story.endsWith('host')) host?.die();
    throw new Died();
  }

  async #isStopped(): Promise<boolean> {
    const { store } = this.#world;
    return (await store.read(stopKey(this.#task.recordingId), stopSchema)) !== undefined;
  }

  /** Asks for the next attempt, and records on until that one has opened its part; or for so long. */
  async #handOver(): Promise<void> {
    const { store, ports } = this.#world;
    const { recordingId, attempt } = this.#task;
    this.isHandingOver = true;
    await ports.tasks.run(recordingId, attempt + 1);
    for (let looks = 0; looks < HAND_OVER_LOOKS; looks++) {
      const parts = (await readRecording(store, recordingId))?.parts.values() ?? [];
      if ([...parts].some(({ open }) => (open?.attempt ?? 0) > attempt) || (await this.#isStopped())) return;
    }
  }

  /** While the one before has the source, it is tried again. */
  async #failToOpen(): Promise<void> {
    for (let tries = 0; tries < OPEN_TRIES; tries++) {
      if (!(await isEarlierAlive(this.#world.store, this.#task))) break;
    }
    await this.#end(SOURCE_FAILED.code);
  }

  async #openPart(): Promise<void> {
    const { store, clock } = this.#world;
    const { recordingId, attempt } = this.#task;
    const objects = await readRecording(store, recordingId);
    // A number that another attempt has meanwhile is not taken.
    for (let part = objects === undefined ? 1 : recordedEarlier(objects).firstPart; ; part++) {
      const open: OpenPart = {
        part,
        attempt,
        key: `records/${recordingId}/${attempt}/cam.mp4`,
        uploadId: `upload of ${this.#task.runId}`,
        fileName: 'cam.mp4',
        format: 'mp4',
        openedAtMs: clock.timeMs,
        startTimeMs: clock.timeMs,
        tracks: [],
      };
      if (!(await store.create(partKey(recordingId, part, 'open'), open))) continue;
      this.#open = open;
      this.#world.witness.opened(this.#task);
      return;
    }
  }

  async #end(code: Reason['code']): Promise<void> {
    const { ports, store } = this.#world;
    const { recordingId, attempt } = this.#task;
    const job = this.#job;
    if (job === undefined) return;
    const reason: Reason = { code, message: this.#story };
    if (this.#open !== undefined) {
      if (code !== 'stopped') await beginEnding(ports, job, attempt, reason);
      await store.create(partKey(recordingId, this.#open.part, 'final'), finalOf(this.#open, false));
    }
    const allParts = async () => (await readRecording(store, recordingId))?.parts ?? new Map();
    await endAttempt({ ...ports, allParts }, job, attempt, reason);
    this.#code = code;
  }

  #stopped(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.isRecording = false;
    const { witness, clock } = this.#world;
    if (this.#code === undefined && this.#claimedAtMs !== undefined && !this.isHandingOver)
      witness.died(this.#task, clock.nowMs());
    const end = { code: this.#code, message: this.#story, claimedAtMs: this.#claimedAtMs };
    this.#world.stopped(this.#task, end);
  }
}

export function finalOf(open: OpenPart, recovered: boolean): FinalPart {
  const { openedAtMs, fileName: _fileName, ...facts } = open;
  return {
    ...facts,
    uploaded: [],
    bytes: 1_000,
    crc32: 'AAAAAA==',
    durationMs: 1_000,
    endTimeMs: open.startTimeMs + 1_000,
    startTimeMillis: openedAtMs,
    endTimeMillis: openedAtMs + 1_000,
    videoFrames: 25,
    recovered,
    finalizedAtMs: openedAtMs + 1_000,
  };
}
