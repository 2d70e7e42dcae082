import { beginAttempt, endAttempt, type KnownObjects } from '../../../../functions/core/protocol/attempt.ts';
import { type StoppedAttempt, settleAttempt } from '../../../../functions/core/protocol/settle.ts';
import { startRecording } from '../../../../functions/core/protocol/start.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import { outcomeKey, partKey, sessionKey } from '../../../../functions/core/state/keys.ts';
import { type EndCode, outcomeSchema } from '../../../../functions/core/state/objects.ts';
import type { OpenPart } from '../../../../functions/core/state/partObjects.ts';
import { readRecording } from '../../../../functions/recordings/read.ts';
import { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { finalOf } from './recorder.ts';

const SESSION = 'm1';

/** One recording whose attempts begin, record and end as a test says. */
export class AttemptBench {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly launcher = new RecordedLauncher();
  recordingId: string = '';

  readonly ports = {
    store: this.store,
    clock: this.clock,
    tasks: this.launcher,
    newRecordingId: () => newRecordingId(this.clock.timeMs, Buffer.alloc(16, 1)),
    stopTasks: async (_recordingId: string, _reason: string): Promise<void> => undefined,
    sleep: async () => undefined,
    announce: async () => undefined,
    rescue: () => this.objects(),
    allParts: async () => (await this.objects()).parts,
    readObjects: (id: string, own: KnownObjects) => readRecording(this.store, id, own),
  };

  get job() {
    return { recordingId: this.recordingId, mediaSessionId: SESSION };
  }

  get outcome() {
    return this.store.value(outcomeKey(this.recordingId), outcomeSchema);
  }

  async start(): Promise<void> {
    const session = { mediaSessionId: SESSION, name: 'c', sourceUrl: 'rtmp://media.example/live/m1' };
    this.store.put(sessionKey(SESSION), { ...session, status: 'PUBLISHING', eventAtMs: 1 });
    const params = { mediaSessionId: SESSION, settings: DEFAULT_SETTINGS, requestId: 'r' };
    this.recordingId = (await startRecording(this.ports, params)).recordingId;
  }

  async objects() {
    const found = await readRecording(this.store, this.recordingId);
    if (found === undefined) throw new Error('there is no such recording');
    return found;
  }

  begin(attempt: number) {
    const { recordingId } = this;
    const taskArn = `task/${attempt}`;
    return beginAttempt(this.ports, { recordingId, attempt, taskArn, runId: taskArn });
  }

  /** A part of the attempt, recorded and finished. */
  async record(attempt: number, part = attempt): Promise<void> {
    const open: OpenPart = {
      ...{ part, attempt, key: 'k', uploadId: 'u', fileName: 'c.mp4', format: 'mp4' },
      ...{ openedAtMs: 1, startTimeMs: 1, tracks: [] },
    };
    await this.store.create(partKey(this.recordingId, part, 'open'), open);
    await this.store.create(partKey(this.recordingId, part, 'final'), finalOf(open, false));
  }

  end(attempt: number, code: EndCode): Promise<void> {
    return endAttempt(this.ports, this.job, attempt, { code, message: code });
  }

  /** Its task is gone. */
  async gone(attempt: number, more: Partial<StoppedAttempt> = {}) {
    const told = { attempt, taskArn: `task/${attempt}`, reason: 'gone', by: 'test', ...more };
    return settleAttempt(this.ports, await this.objects(), told);
  }
}
