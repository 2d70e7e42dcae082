import { setTimeout as delay } from 'node:timers/promises';
import { nudgeHosts } from '../../functions/aws/hosts.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import {
  type BeginPorts,
  beginAttempt,
  beginEnding,
  endAttempt,
} from '../../functions/core/protocol/attempt.ts';
import { recordedEarlier } from '../../functions/core/protocol/earlier.ts';
import { mayEarlierRead } from '../../functions/core/protocol/others.ts';
import { stopReplaced } from '../../functions/core/protocol/replaced.ts';
import type { RecordingObjects } from '../../functions/core/state/fold.ts';
import type { Outcome, Reason } from '../../functions/core/state/objects.ts';
import type { FinalPart } from '../../functions/core/state/partObjects.ts';
import { announceOutcome, announceStart } from '../../functions/recordings/announcements.ts';
import { readRecording } from '../../functions/recordings/read.ts';
import { Recording } from '../record/recording.ts';
import { type Followed, followSource } from '../source/follow.ts';
import { openingFailure, sourceEnded } from '../source/sourceErrors.ts';
import { withSecret } from '../source/withSecret.ts';
import type { SharedDisk } from '../upload/spool.ts';
import { type AttemptContext, type Outside, tryAnnounce } from './context.ts';
import { reasonOfFault } from './faults.ts';
import { Heartbeat, progressInState, progressMetrics, type TellProgress } from './heartbeat.ts';
import type { Nudges } from './nudges.ts';
import { lastCommand, type StopCause, type StopRequest, Watch } from './stopRequest.ts';
import { every } from './ticks.ts';

export interface AttemptOptions {
  readonly outside: Outside;
  readonly recordingId: string;
  readonly attempt: number;
  /** The ECS task that it runs in, where it is known. */
  readonly taskArn: string | undefined;
  /** Tells this run from every other one, also of the same task. */
  readonly runId: string;
  /** It runs beside others. */
  readonly hostId?: string;
  readonly ffmpegPath: string;
  readonly spoolFolder: string;
  /** It is the spool of others too. */
  readonly disk?: SharedDisk;
  readonly stop: StopRequest;
  /** Somebody hears of stops and commands before the recorder looks for them. */
  readonly nudges?: Nudges;
  /** In an object of its own by default. */
  readonly tellProgress?: TellProgress;
  /** Told whether the attempt is this one's, as soon as that is known. */
  readonly onBegun?: (isClaimed: boolean) => void;
}

const HEARTBEAT_MS = 15_000;
/** For a stop, or a command. */
const LOOK_MS = 2_000;
/** Where somebody hears of them before: the net below. */
const LOOK_WITH_NUDGES_MS = 5 * 60_000;

const OPEN_AGAIN_MS = 1_000;

const NO_PARTS: RecordingObjects['parts'] = new Map();

const nothingToDo: Reason = { code: 'stopped', message: 'There was nothing to do.' };

/** The whole story of an attempt: claim, record, end. @returns why it ended; never throws for a fault outside. */
export async function runAttempt(options: AttemptOptions): Promise<Reason> {
  const { outside, attempt, stop } = options;
  const { log, patience } = outside;
  patience.begin();
  const { store } = outside;
  const readObjects: BeginPorts['readObjects'] = (id, known) => readRecording(store, id, known);
  const begun = await beginAttempt({ ...outside, readObjects }, { ...options, journal: outside.journal.id });
  options.onBegun?.(begun.kind === 'claimed');
  if (begun.kind === 'unknown') {
    log.error('there is no such recording');
    return { code: 'recorder_failed', message: 'There is no such recording.' };
  }
  const { job } = begun;
  log.appendKeys({ mediaSessionId: job.mediaSessionId });
  if (begun.kind === 'over') {
    log.info('the recording has ended already');
    return nothingToDo;
  }
  if (begun.kind === 'superseded') {
    log.warn('another task has this attempt');
    return { code: 'superseded', message: 'Another task has this attempt.' };
  }
  if (begun.isStopAsked) stop.ask('stopped');
  const over = stop.cause === undefined ? begun.ending : STOP_REASONS[stop.cause];
  const opened = over === undefined ? await withSecret(job, outside.readSourceSecret) : { reason: over };
  const context: AttemptContext = { ...outside, job: 'job' in opened ? opened.job : job, attempt };
  const { reason, parts } =
    'job' in opened
      ? await recordAfterOthers(context, options, begun.objects)
      : { reason: opened.reason, parts: [] as FinalPart[] };
  if (reason.code === 'superseded') log.warn('another task took over; nothing more is written');
  else log.info('attempt ended', { reason, parts: parts.length });
  const announce = (outcome: Outcome) => tryAnnounce(context, () => announceOutcome(context, job, outcome));
  const allParts = async () => (await readRecording(outside.store, job.recordingId))?.parts ?? NO_PARTS;
  const { overlapMs } = stop;
  const told = reason.code === 'handed_over' && overlapMs !== undefined ? { overlapMs } : {};
  await endAttempt({ ...outside, announce, allParts }, job, attempt, reason, told);
  return reason;
}

/**
 * While the attempt before still records, and is to hand the recording over, a source that cannot be opened is no end of
 * it: one that allows a single reader is free when that attempt has ended. So it is for a moment after its host has died.
 */
async function recordAfterOthers(
  context: AttemptContext,
  options: AttemptOptions,
  found: RecordingObjects,
): Promise<Recorded> {
  for (let objects = found; ; ) {
    const recorded = await record(context, options, objects);
    const hasFailedToOpen = recorded.parts.length === 0 && recorded.reason.code.startsWith('source_');
    if (!hasFailedToOpen || options.stop.cause !== undefined) return recorded;
    if (!(await mayEarlierRead(context, options))) return recorded;
    context.log.info('the source cannot be opened while the attempt before has it', {
      reason: recorded.reason,
    });
    await delay(OPEN_AGAIN_MS, undefined, { signal: options.stop.signal }).catch(() => undefined);
    // Others may have recorded meanwhile.
    objects = (await readRecording(context.store, context.job.recordingId)) ?? objects;
  }
}

interface Recorded {
  readonly reason: Reason;
  readonly parts: readonly FinalPart[];
}

async function record(
  context: AttemptContext,
  options: AttemptOptions,
  objects: RecordingObjects,
): Promise<Recorded> {
  const { s3, store, log, job, attempt, patience } = context;
  const heartbeat = new Heartbeat(attempt);
  const { stop } = options;
  const background = new AbortController();
  const { control } = objects;
  const { firstPart, ...earlier } = recordedEarlier(objects);
  const recording = new Recording({
    context,
    firstPart,
    earlier,
    onLimit: (limit) => stop.ask(limit),
    spoolFolder: options.spoolFolder,
    disk: options.disk,
    signal: patience.signal,
    onFirstPart: async (part) => {
      await tellReplaced(context, await stopReplaced(context, job));
      // An attempt after the first one may tell what another has told.
      await tryAnnounce(context, () => announceStart(context, job, part, attempt === 1));
    },
  });
  await recording.open();
  stop.signal.addEventListener('abort', () => recording.expectEnd(), { signal: background.signal });
  const onWatched = (atMs: number): void => recording.live?.watched(atMs);
  if (control?.watchedAtMs !== undefined) onWatched(control.watchedAtMs);
  const watch = new Watch({
    // One try each time: the next look comes soon enough.
    store: new StateStore(s3, store.bucket),
    log,
    recordingId: job.recordingId,
    stop,
    lastSequence: lastCommand(control),
    onWatched,
    // One that comes before the first frame is obeyed by the part that begins with it.
    onRotate: () => {
      if (recording.hasBegun) recording.rotation.ask();
    },
  });
  options.nudges?.listen(() => void watch.lookAtAll());
  const lookMs = options.nudges === undefined ? LOOK_MS : LOOK_WITH_NUDGES_MS;
  const { tellProgress = progressInState(store, job.recordingId) } = options;
  const tell = () => beat(context, recording, heartbeat, tellProgress);
  const tasks = [
    every(lookMs, () => watch.look(), background.signal),
    every(HEARTBEAT_MS, tell, background.signal),
  ];
  try {
    patience.record();
    let fault: unknown;
    let followed: Followed | undefined;
    try {
      followed = await followSource(context, recording, options);
    } catch (error) {
      fault = error;
      log.error('the recording cannot go on', error as Error);
    }
    // What comes from here on, such as SIGTERM, is not why it ended.
    const why: Why = { cause: stop.cause, followed, fault };
    const said = recording.hasBegun ? sayEnding(context, reasonOf(recording, why)) : undefined;
    // From here on S3 is waited for, but not for ever.
    patience.finish();
    const finished = await recording.finish().then(
      (parts) => ({ parts }),
      (error: unknown) => ({ error }),
    );
    await said;
    if ('error' in finished) {
      log.error('the record could not be finished', finished.error as Error);
      return { reason: reasonOfFault(fault ?? finished.error), parts: [] };
    }
    return { reason: reasonOf(recording, why), parts: finished.parts };
  } finally {
    background.abort();
    await Promise.all(tasks);
    await tell();
    await recording.close(stop.cause === 'interrupted' || stop.cause === 'handedOver');
  }
}

/** Where a host carries one of those that were stopped, it hears of it now; by itself it would find out within minutes. */
async function tellReplaced({ store, log }: AttemptContext, recordingIds: readonly string[]): Promise<void> {
  try {
    await Promise.all(recordingIds.map((id) => nudgeHosts(store, id)));
  } catch (error) {
    log.warn('the host of a replaced recording could not be told', error as Error);
  }
}

interface Why {
  readonly cause: StopCause | undefined;
  readonly followed: Followed | undefined;
  readonly fault: unknown;
}

/** Why nothing more is recorded. */
function reasonOf({ hasBegun }: Recording, { cause, followed, fault }: Why): Reason {
  if (fault !== undefined) return reasonOfFault(fault);
  if (followed?.end.kind === 'refused') return followed.end.reason;
  if (cause !== undefined) return STOP_REASONS[cause];
  return reasonOfEnd(followed, hasBegun);
}

/** Beside finishing, which does not wait for it. */
async function sayEnding(context: AttemptContext, reason: Reason): Promise<void> {
  try {
    await beginEnding(context, context.job, context.attempt, reason);
  } catch (error) {
    context.log.warn('that the recording is ending could not be said', error as Error);
  }
}

function reasonOfEnd(followed: Followed | undefined, hasBegun: boolean): Reason {
  if (followed?.end.kind !== 'ended') {
    return { code: 'source_failed', message: 'The source changes its codecs again and again.' };
  }
  const { end, awaitedMs } = followed;
  if (hasBegun) return sourceEnded(end, awaitedMs);
  return end.reason ?? openingFailure(end, end.timedOut);
}

const STOP_REASONS: Readonly<Record<StopCause, Reason>> = {
  stopped: { code: 'stopped', message: 'The recording was stopped.' },
  maxDurationMs: { code: 'stopped', message: 'The recording is as long as maxDurationMs allows.' },
  maxBytes: { code: 'stopped', message: 'The recording is as large as maxBytes allows.' },
  changes: {
    code: 'source_ended',
    message: 'The source changed its tracks, codecs or sizes more than a hundred times within ten minutes.',
  },
  interrupted: {
    code: 'interrupted',
    message: 'The task was ended, and nobody had asked to stop the recording.',
  },
  handedOver: {
    code: 'handed_over',
    message: 'The task was ended; another one had taken the recording over before, without a gap.',
  },
};

async function beat(
  { clock, log }: AttemptContext,
  recording: Recording,
  heartbeat: Heartbeat,
  tellProgress: TellProgress,
): Promise<void> {
  const measure = recording.measure();
  if (!recording.hasBegun && measure.waitsForKeyframeSinceMs === undefined) return;
  const progress = heartbeat.beat(clock.nowMs(), measure);
  log.info('progress', { progress, ...progressMetrics(progress) });
  try {
    await tellProgress(progress);
  } catch (error) {
    log.warn('the heartbeat was not written', error as Error);
  }
}
