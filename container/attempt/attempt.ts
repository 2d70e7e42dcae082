import { StateStore } from '../../functions/aws/stateStore.ts';
import { beginAttempt, endAttempt } from '../../functions/core/protocol/attempt.ts';
import { stopReplaced } from '../../functions/core/protocol/replaced.ts';
import type { PartObjects } from '../../functions/core/state/fold.ts';
import { attemptKey } from '../../functions/core/state/keys.ts';
import type { FinalPart, Outcome, Reason } from '../../functions/core/state/objects.ts';
import { announceOutcome, announceStart } from '../../functions/recordings/announcements.ts';
import { readRecording } from '../../functions/recordings/read.ts';
import { Recording, type RecordingOptions } from '../record/recording.ts';
import { followSource } from '../source/follow.ts';
import { openingFailure } from '../source/sourceErrors.ts';
import type { SourceEnd } from '../source/sourceRun.ts';
import { type AttemptContext, type Outside, tryAnnounce } from './context.ts';
import { reasonOfFault } from './faults.ts';
import { Heartbeat, progressMetrics } from './heartbeat.ts';
import { type StopCause, type StopRequest, Watch } from './stopRequest.ts';
import { every } from './ticks.ts';

export interface AttemptOptions {
  readonly outside: Outside;
  readonly recordingId: string;
  readonly attempt: number;
  /** Tells this task from every other one. */
  readonly taskArn: string;
  readonly ffmpegPath: string;
  readonly spoolFolder: string;
  readonly stop: StopRequest;
}

const HEARTBEAT_MS = 15_000;
/** For a stop, or a command. */
const LOOK_MS = 2_000;
/** ECS kills 120 s after SIGTERM; by then everything must have been said. */
const FINISH_AFTER_SIGTERM_MS = 105_000;
/** Nobody kills a recorder whose source has ended: S3 may be away for longer. */
const FINISH_MS = 15 * 60_000;
/** At its start, a recorder that cannot reach its state has nothing to lose by giving up. */
const BEGIN_MS = 5 * 60_000;

const nothingToDo: Reason = { code: 'stopped', message: 'There was nothing to do.' };

/** The whole story of an attempt: claim, record, end. @returns why it ended; never throws for a fault outside. */
export async function runAttempt(options: AttemptOptions): Promise<Reason> {
  const { outside, attempt, stop } = options;
  const { log, patience } = outside;
  patience.limit(BEGIN_MS);
  const begun = await beginAttempt(outside, options);
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
  const context: AttemptContext = { ...outside, job, attempt };
  const { reason, parts } =
    stop.cause === undefined
      ? await record(context, options)
      : { reason: STOP_REASONS[stop.cause], parts: [] as FinalPart[] };
  if (reason.code === 'superseded') log.warn('another task took over; nothing more is written');
  else log.info('attempt ended', { reason, parts: parts.length });
  const announce = (outcome: Outcome) => tryAnnounce(context, () => announceOutcome(context, job, outcome));
  await endAttempt({ ...outside, announce }, job, attempt, { reason, parts });
  return reason;
}

interface Recorded {
  readonly reason: Reason;
  readonly parts: readonly FinalPart[];
}

async function record(context: AttemptContext, options: AttemptOptions): Promise<Recorded> {
  const { s3, store, log, job, attempt, patience } = context;
  const heartbeat = new Heartbeat(attempt);
  const { stop } = options;
  const background = new AbortController();
  const recording = new Recording({
    context,
    ...(await earlierParts(context)),
    onLimit: (limit) => stop.ask(limit),
    spoolFolder: options.spoolFolder,
    signal: patience.signal,
    onFirstPart: async (part) => {
      await stopReplaced(context, job);
      await tryAnnounce(context, () => announceStart(context, job, part));
    },
  });
  await recording.open();
  const watch = new Watch({
    // One try each time: the next look comes soon enough.
    store: new StateStore(s3, store.bucket),
    log,
    recordingId: job.recordingId,
    stop,
    onRotate: () => recording.rotation.ask(),
  });
  const tasks = [
    every(LOOK_MS, () => watch.look(), background.signal),
    every(HEARTBEAT_MS, () => beat(context, recording, heartbeat), background.signal),
    every(job.settings.maxLossMs, () => recording.checkpoint(), background.signal),
  ];
  try {
    patience.unlimited();
    let fault: unknown;
    let end: SourceEnd | undefined;
    try {
      end = await followSource(context, recording, options);
    } catch (error) {
      fault = error;
      log.error('the recording cannot go on', error as Error);
    }
    // From here on S3 is waited for, but not for ever.
    patience.limit(stop.cause === undefined ? FINISH_MS : FINISH_AFTER_SIGTERM_MS);
    const finished = await recording.finish().then(
      (parts) => ({ parts }),
      (error: unknown) => ({ error }),
    );
    if ('error' in finished) {
      log.error('the record could not be finished', finished.error as Error);
      return { reason: reasonOfFault(fault ?? finished.error), parts: [] };
    }
    const { parts } = finished;
    if (fault !== undefined) return { reason: reasonOfFault(fault), parts };
    if (end?.kind === 'refused') return { reason: end.reason, parts };
    if (stop.cause !== undefined) return { reason: STOP_REASONS[stop.cause], parts };
    if (recording.hasBegun) return { reason: { code: 'source_ended', message: 'The source ended.' }, parts };
    return { reason: failureOf(end), parts };
  } finally {
    background.abort();
    await Promise.all(tasks);
    await beat(context, recording, heartbeat);
    await recording.close();
  }
}

function failureOf(end: SourceEnd | undefined): Reason {
  return end?.kind === 'ended'
    ? openingFailure(end.complaints, end.timedOut)
    : { code: 'source_failed', message: 'The source changes its codecs again and again.' };
}

const STOP_REASONS: Readonly<Record<StopCause, Reason>> = {
  stopped: { code: 'stopped', message: 'The recording was stopped.' },
  maxDurationMs: { code: 'stopped', message: 'The recording is as long as maxDurationMs allows.' },
  maxBytes: { code: 'stopped', message: 'The recording is as large as maxBytes allows.' },
  interrupted: {
    code: 'interrupted',
    message: 'The task was ended, and nobody had asked to stop the recording.',
  },
};

/** Part numbers, recorded time and bytes go on where earlier attempts ended. */
async function earlierParts({
  store,
  job,
}: AttemptContext): Promise<Pick<RecordingOptions, 'firstPart' | 'earlier'>> {
  const parts = (await readRecording(store, job.recordingId))?.parts ?? new Map<number, PartObjects>();
  const finals = [...parts.values()].flatMap(({ final }) => final ?? []);
  return {
    firstPart: Math.max(0, ...parts.keys()) + 1,
    earlier: {
      durationMs: finals.reduce((sum, { durationMs }) => sum + durationMs, 0),
      bytes: finals.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

async function beat(
  { store, job, attempt, clock, log }: AttemptContext,
  recording: Recording,
  heartbeat: Heartbeat,
): Promise<void> {
  if (!recording.hasBegun) return;
  const progress = heartbeat.beat(clock.nowMs(), recording.measure());
  log.info('progress', { progress, ...progressMetrics(progress) });
  try {
    await store.overwrite(attemptKey(job.recordingId, attempt, 'progress'), progress);
  } catch (error) {
    log.warn('the heartbeat was not written', error as Error);
  }
}
