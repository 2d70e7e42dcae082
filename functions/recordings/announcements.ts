import * as z from 'zod/mini';
import type { EventBus } from '../aws/eventBus.ts';
import { logger } from '../aws/logger.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { EVENT_TYPES, type EventDetails, type EventType, eventId } from '../core/events/published.ts';
import { embeddedMetrics } from '../core/metrics/embeddedMetrics.ts';
import {
  type Metrics,
  outcomeMetrics,
  partMetrics,
  RECORDING_SOURCE,
  startMetrics,
} from '../core/metrics/recordingMetrics.ts';
import type { Clock, RemovingStore } from '../core/protocol/ports.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { announcedKey, jobKey } from '../core/state/keys.ts';
import type { Job, Outcome } from '../core/state/objects.ts';
import type { FinalPart, OpenPart } from '../core/state/partObjects.ts';

export interface AnnouncementPorts {
  readonly store: RemovingStore & Pick<StateStore, 'etag'>;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly clock: Clock;
}

const announcedSchema = z.object({ atMs: z.int() });

type Facts<T extends EventType> = Omit<
  EventDetails[T],
  'id' | 'recordingId' | 'mediaSessionId' | 'streamName'
>;

interface Announced<T extends EventType> {
  readonly facts: Facts<T>;
  readonly metrics: Metrics;
  readonly part?: number;
  /** It is so since a moment ago, by whoever announces it: nobody can have done so before, and no note is looked for. */
  readonly isNew?: boolean | undefined;
}

/**
 * Publishes a fact of a recording, and notes that it was; whoever noted it counts it. What is noted is not published again; what was published and
 * could not be noted is: at least once, with the same id. Several may do so at once, some of them after somebody has
 * deleted the recording: nobody would ever find their note again, so whoever notes looks afterwards. Who deletes looks for
 * notes once the job is gone, so that one of the two sees it.
 */
async function announce<T extends EventType>(
  { store, bus, clock }: AnnouncementPorts,
  { recordingId, mediaSessionId, stream }: Job,
  type: T,
  { facts, metrics, part, isNew = false }: Announced<T>,
): Promise<void> {
  const id = eventId(type, recordingId, part);
  const key = announcedKey(recordingId, id);
  if (!isNew && (await store.read(key, announcedSchema)) !== undefined) return;
  await bus.publish(type, { id, recordingId, mediaSessionId, streamName: stream.name, ...facts });
  const isFirst = await store.create(key, { atMs: clock.nowMs() });
  if ((await store.etag(jobKey(recordingId))) === undefined) await store.remove(key);
  if (!isFirst || Object.keys(metrics).length === 0) return;
  const counted = embeddedMetrics(RECORDING_SOURCE, clock.nowMs(), metrics);
  logger.info(type.toLowerCase(), { recordingId, mediaSessionId, ...counted });
}

/** The first frame is on its way to S3. @param isNew for the first time, and by who calls */
export function announceStart(
  ports: AnnouncementPorts,
  job: Job,
  open: OpenPart,
  isNew?: boolean,
): Promise<void> {
  const { attempt, part, startTimeMs, tracks, leftOut } = open;
  const facts = { attempt, part, startTimeMs, tracks, ...(leftOut === undefined ? {} : { leftOut }) };
  return announce(ports, job, EVENT_TYPES.recordingStarted, {
    facts,
    metrics: startMetrics(job, open),
    isNew,
  });
}

/** A part is complete in landing. @param isNew by who calls */
export function announcePart(
  ports: AnnouncementPorts,
  job: Job,
  final: FinalPart,
  isNew?: boolean,
): Promise<void> {
  const { part, bytes, recovered, estimatedLossMs } = final;
  const facts = {
    part,
    bytes,
    durationMs: Math.round(final.durationMs),
    ...(recovered ? { recovered } : {}),
    ...(estimatedLossMs === undefined ? {} : { estimatedLossMs }),
  };
  return announce(ports, job, EVENT_TYPES.partFinished, { facts, metrics: partMetrics(final), part, isNew });
}

/** The recording has ended. */
export function announceOutcome(ports: AnnouncementPorts, job: Job, outcome: Outcome): Promise<void> {
  const { status, reason, parts } = outcome;
  const type = status === 'finished' ? EVENT_TYPES.recordingFinished : EVENT_TYPES.recordingFailed;
  const join = job.settings.join && parts > 1 ? { join: true as const } : {};
  const mergeRoom =
    job.stream.room !== undefined && job.settings.rooms !== undefined ? { mergeRoom: true as const } : {};
  return announce(ports, job, type, {
    facts: { reason, parts, ...join, ...mergeRoom },
    metrics: outcomeMetrics(outcome),
  });
}

/** Everything that is known of a recording and was not announced: whoever should have done it is gone. */
export async function announceMissing(ports: AnnouncementPorts, objects: RecordingObjects): Promise<void> {
  const { job, outcome } = objects;
  const parts = [...objects.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  const first = parts.find(({ open }) => open !== undefined)?.open;
  if (first !== undefined) await announceStart(ports, job, first);
  for (const { final } of parts) {
    if (final !== undefined && final.bytes > 0) await announcePart(ports, job, final);
  }
  if (outcome !== undefined) await announceOutcome(ports, job, outcome);
}
