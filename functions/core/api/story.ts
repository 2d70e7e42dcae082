import type { RecordingObjects } from '../state/fold.ts';
import type { FinalPart } from '../state/partObjects.ts';

/** Something that happened to a recording. */
export interface StoryEvent {
  /** ISO 8601. */
  readonly at: string;
  /** Milliseconds since the recording was asked for. */
  readonly afterMs: number;
  readonly type: StoryEventType;
  readonly [field: string]: unknown;
}

export const STORY_EVENT_TYPES = [
  'requested',
  'launched',
  'firstFrame',
  'partOpened',
  'sourceLost',
  'sourceBack',
  'rotateAsked',
  'stopAsked',
  'ending',
  'partFinished',
  'attemptEnded',
  'ended',
  'recordAvailable',
] as const;
export type StoryEventType = (typeof STORY_EVENT_TYPES)[number];

interface Happened {
  readonly atMs: number;
  readonly type: StoryEventType;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * What happened to a recording, in the order of time: why a start took as long as it did. A pure function of the state
 * objects; what happened in the same millisecond is in the order in which it must have happened.
 */
export function recordingStory(objects: RecordingObjects): StoryEvent[] {
  const { job } = objects;
  return [...happenings(objects)]
    .sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b))
    .map(({ atMs, type, fields }) => ({
      at: new Date(atMs).toISOString(),
      afterMs: atMs - job.requestedAtMs,
      type,
      ...fields,
    }));
}

const rank = ({ type }: Happened): number => STORY_EVENT_TYPES.indexOf(type);

function* happenings({
  job,
  stop,
  ending,
  control,
  outcome,
  attempts,
  parts,
}: RecordingObjects): Generator<Happened> {
  const { requestId, replaces } = job;
  yield { type: 'requested', atMs: job.requestedAtMs, fields: { requestId, replaces } };
  for (const [attempt, { claim, end }] of attempts) {
    if (claim !== undefined && claim.void === undefined)
      yield { type: 'launched', atMs: claim.claimedAtMs, fields: { attempt } };
    if (end !== undefined) {
      const { endedAtMs, by, reason, overlapMs } = end;
      yield { type: 'attemptEnded', atMs: endedAtMs, fields: { attempt, by, reason, overlapMs } };
    }
  }
  for (const command of control?.commands ?? []) {
    yield { type: 'rotateAsked', atMs: command.requestedAtMs, fields: { sequence: command.sequence } };
  }
  if (ending !== undefined) {
    const { attempt, reason } = ending;
    yield { type: 'ending', atMs: ending.atMs, fields: { attempt, reason } };
  }
  if (stop !== undefined) {
    yield { type: 'stopAsked', atMs: stop.requestedAtMs, fields: { by: stop.by, reason: stop.reason } };
  }
  const firstPartOf = new Map<number, number>();
  for (const [part, { open }] of [...parts].sort(([a], [b]) => a - b)) {
    if (open !== undefined && !firstPartOf.has(open.attempt)) firstPartOf.set(open.attempt, part);
  }
  for (const [part, { open, final, moved }] of parts) {
    if (open !== undefined) {
      const { attempt, openedAtMs, fileName, format, leftOut } = open;
      if (firstPartOf.get(attempt) === part) {
        yield { type: 'firstFrame', atMs: openedAtMs, fields: { attempt } };
      }
      yield { type: 'partOpened', atMs: openedAtMs, fields: { part, attempt, fileName, format, leftOut } };
    }
    if (final !== undefined) {
      const { bytes, durationMs, recovered } = final;
      yield* reconnects(final);
      yield {
        type: 'partFinished',
        atMs: final.finalizedAtMs,
        fields: { part, bytes, durationMs: Math.round(durationMs), recovered },
      };
    }
    if (moved !== undefined) {
      yield { type: 'recordAvailable', atMs: moved.movedAtMs, fields: { part, key: moved.key } };
    }
  }
  if (outcome !== undefined) {
    yield { type: 'ended', atMs: outcome.atMs, fields: { status: outcome.status, reason: outcome.reason } };
  }
}

/** The source was away and came back within the part; the part's own time has the gap in it. */
function* reconnects({ part, startTimeMs, gaps = [] }: FinalPart): Generator<Happened> {
  for (const { atMs, durationMs } of gaps) {
    const lostAtMs = Math.round(startTimeMs + atMs);
    yield { type: 'sourceLost', atMs: lostAtMs, fields: { part } };
    yield {
      type: 'sourceBack',
      atMs: lostAtMs + Math.round(durationMs),
      fields: { part, durationMs: Math.round(durationMs) },
    };
  }
}
