import type { Claim, Control, End, Ending, Job, Launch, Outcome, Progress, Reason, Stop } from './objects.ts';
import type { FinalPart, MovedPart, OpenPart, Overlap } from './partObjects.ts';

/** All state objects of one recording, as read. */
export interface RecordingObjects {
  readonly job: Job;
  readonly stop?: Stop;
  readonly ending?: Ending;
  readonly control?: Control;
  readonly outcome?: Outcome;
  /** Of the latest attempt that a task was asked for. */
  readonly launch?: Launch;
  /** There is a picture of what is, or was, recorded last. */
  readonly hasLatestPicture?: boolean;
  readonly attempts: ReadonlyMap<number, AttemptObjects>;
  readonly parts: ReadonlyMap<number, PartObjects>;
}

export interface AttemptObjects {
  readonly claim?: Claim;
  readonly progress?: Progress;
  readonly end?: End;
}

export interface PartObjects {
  readonly open?: OpenPart;
  readonly final?: FinalPart;
  readonly moved?: MovedPart;
  /** Where it begins in a part of an earlier attempt, told by what both have. */
  readonly overlap?: Overlap;
  /** There is an index of its fragments. */
  readonly hasIndex?: boolean;
  /** There is a picture of its first second. */
  readonly hasPoster?: boolean;
}

/**
 * | status | meaning |
 * |---|---|
 * | starting | asked for; no frame has been recorded yet |
 * | recording | frames are being recorded |
 * | interrupted | the attempt ended and nobody asked for it; another may follow |
 * | stopping | a stop was asked, the source ended, or a limit is met: the recorder is finishing |
 * | processing | recorded; its parts are on their way to the library |
 * | available | every part is in the library |
 * | failed | ended for a fault; parts that were recorded are kept and become available |
 */
export const RECORDING_STATUSES = [
  'starting',
  'recording',
  'interrupted',
  'stopping',
  'processing',
  'available',
  'failed',
] as const;
export type RecordingStatus = (typeof RECORDING_STATUSES)[number];

/** Of a recording that goes on: it has no outcome, and a marker tells of it (./keys.ts). */
export const ACTIVE_STATUSES: ReadonlySet<RecordingStatus> = new Set([
  'starting',
  'recording',
  'interrupted',
  'stopping',
]);

export type PartStatus = 'recording' | 'finished' | 'available';

/** What a recording's status is made of: which objects there are, and what the outcome says. */
export interface StatusFacts {
  readonly stop?: unknown;
  readonly ending?: unknown;
  readonly outcome?: Pick<Outcome, 'status'>;
  readonly attempts: ReadonlyMap<number, { readonly end?: unknown }>;
  readonly parts: ReadonlyMap<number, PartFacts>;
}

export interface PartFacts {
  readonly moved?: unknown;
  readonly final?: Pick<FinalPart, 'bytes'>;
}

/** A recording's state is a pure function of its objects: the order in which they were written does not matter. */
export function recordingStatus(objects: StatusFacts): RecordingStatus {
  const { outcome, stop, ending, attempts, parts } = objects;
  if (outcome !== undefined) {
    if (outcome.status === 'failed') return 'failed';
    return [...parts.values()].every(isSettled) ? 'available' : 'processing';
  }
  if (stop !== undefined || ending !== undefined) return 'stopping';
  const latest = attempts.get(Math.max(0, ...attempts.keys()));
  if (latest?.end !== undefined) return 'interrupted';
  return parts.size > 0 ? 'recording' : 'starting';
}

/** In the library, or known to hold nothing: killed before its first checkpoint. */
export function isSettled({ moved, final }: PartFacts): boolean {
  return moved !== undefined || final?.bytes === 0;
}

export function partStatus(part: PartObjects): PartStatus {
  if (part.moved !== undefined) return 'available';
  return part.final === undefined ? 'recording' : 'finished';
}

/** Why it ended; a running one has no reason. */
export function recordingReason(objects: RecordingObjects): Reason | undefined {
  if (objects.outcome !== undefined) return objects.outcome.reason;
  if (objects.ending !== undefined) return objects.ending.reason;
  return objects.attempts.get(Math.max(0, ...objects.attempts.keys()))?.end?.reason;
}

/**
 * | for | what is waited for |
 * |---|---|
 * | recorder | a host or a task that takes it |
 * | capacity | ECS, which has refused a task, and is asked again |
 * | task | a task that ECS has taken: tens of seconds on Fargate |
 * | source | the stream: the recorder is there |
 * | keyframe | the first picture that can be decoded: data come, and sound may be recorded |
 */
export const WAITED_FOR = ['recorder', 'capacity', 'task', 'source', 'keyframe'] as const;

export interface Waiting {
  readonly for: (typeof WAITED_FOR)[number];
  readonly sinceMs: number;
  /** Why ECS refused, in its words. */
  readonly reason?: string;
}

/** What a recording waits for that has no frame yet, or no picture; undefined for one that has. */
export function waitingOf(objects: RecordingObjects): Waiting | undefined {
  const { job, launch, attempts } = objects;
  const status = recordingStatus(objects);
  if (status !== 'starting' && status !== 'recording') return undefined;
  const { claim, progress } = attempts.get(Math.max(0, ...attempts.keys())) ?? {};
  const sinceMs = progress?.waitsForKeyframeSinceMs;
  if (sinceMs !== undefined) return { for: 'keyframe', sinceMs };
  if (status === 'recording') return undefined;
  if (claim !== undefined && claim.void === undefined) return { for: 'source', sinceMs: claim.claimedAtMs };
  if (launch?.acceptedAtMs !== undefined) return { for: 'task', sinceMs: launch.acceptedAtMs };
  if (launch?.refusedFor === undefined) return { for: 'recorder', sinceMs: job.requestedAtMs };
  return { for: 'capacity', sinceMs: launch.askedAtMs, reason: launch.refusedFor };
}

/** The heartbeat of the latest attempt that has one. */
export function latestProgress(objects: Pick<RecordingObjects, 'attempts'>): Progress | undefined {
  const newestFirst = [...objects.attempts.keys()].sort((a, b) => b - a);
  for (const attempt of newestFirst) {
    const progress = objects.attempts.get(attempt)?.progress;
    if (progress !== undefined) return progress;
  }
  return undefined;
}
