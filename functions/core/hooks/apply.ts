import { RecorderError } from '../api/errors.ts';
import { announceStream } from '../protocol/announce.ts';
import { startReserved } from '../protocol/reservation.ts';
import { type StartPorts, startRecording } from '../protocol/start.ts';
import { startWanted } from '../protocol/startWanted.ts';
import { endUnclaimed } from '../protocol/unclaimed.ts';
import { isAnswered } from '../protocol/wanted.ts';
import { roomOf } from '../rooms/roomOf.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import { checkSource } from '../source/policy.ts';
import type { SourceRules } from '../source/sourceRules.ts';
import { checkSourceSecret } from '../source/sourceSecret.ts';
import { lockKey, outcomeKey, sessionKey, stopKey } from '../state/keys.ts';
import { lockSchema, outcomeSchema, type Session, type Stop, sessionSchema } from '../state/objects.ts';
import { type HookEvent, sessionAfter, sourceAfter } from './event.ts';
import { type HookSettings, isRecorded } from './settings.ts';
import { templateSource } from './streamSource.ts';

export interface HookOutcome {
  readonly session: Session;
  /** The recording that this event started, or that goes on because an earlier one did. */
  readonly started?: string;
  /** The recording that this event asked to stop. */
  readonly stopped?: string;
}

/**
 * Brings the registry to what a hook says, and starts or stops the stream's recording where that follows from it. Safe
 * to repeat, late, and in another order: it converges.
 * @throws RecorderError invalid_request on `sourceUrl`: neither the hook nor a template says where the stream is;
 * session_busy, too_many_recordings: the stream is registered and not recorded
 */
export async function applyHook(
  ports: StartPorts,
  event: HookEvent,
  context: {
    readonly hooks: HookSettings;
    readonly defaults: RecordingSettings;
    readonly requestId: string;
  },
): Promise<HookOutcome> {
  const { hooks, defaults, requestId } = context;
  const { mediaSessionId } = event;
  const session = await register(ports, event, hooks, defaults.sources);
  if (event.what === 'unpublished') {
    const stopped = session.status === 'UNPUBLISHED' ? await stopEnded(ports, session) : undefined;
    if (stopped === undefined) return { session };
    // It may have been published again, and be answered with the recording that was stopped here.
    const started = await startWanted(ports, mediaSessionId);
    return { session, stopped, ...(started === undefined ? {} : { started }) };
  }
  const reserved = await startReserved(ports, session);
  if (reserved !== undefined) return { session, started: reserved };
  if (session.status !== 'PUBLISHING' || !isRecorded({ ...session, kind: event.kind }, hooks)) {
    return { session };
  }
  const lock = await ports.store.read(lockKey(mediaSessionId), lockSchema);
  // Recorded since it is published: whoever stopped that recording does not want it back.
  if (lock !== undefined && isAnswered(lock.value, session.publishedAtMs ?? 0)) return { session };
  try {
    const { recordingId } = await startRecording(ports, { mediaSessionId, settings: defaults, requestId });
    return { session, started: recordingId };
  } catch (error) {
    // It ended meanwhile.
    if (error instanceof RecorderError && error.code === 'session_not_found') return { session };
    throw error;
  }
}

/**
 * Brings the registry to what an event says.
 * @throws RecorderError invalid_request on `sourceUrl`, `sourceSecret`
 */
export async function register(
  { store, clock }: Pick<StartPorts, 'store' | 'clock'>,
  event: HookEvent,
  hooks: HookSettings,
  sources: SourceRules,
): Promise<Session> {
  const { mediaSessionId } = event;
  const { sourceUrl } = event;
  const source = sourceUrl === undefined ? templateSource(event, hooks.sources) : { sourceUrl };
  if (event.what !== 'unpublished') {
    const known = await store.read(sessionKey(mediaSessionId), sessionSchema);
    const found = sourceAfter(source, known?.value);
    checkSource(found.sourceUrl, 'sourceUrl', sources);
    checkSourceSecret(found, sources);
  }
  const room = event.details?.room ?? roomOf(event, hooks.rooms);
  const told = room === undefined ? event : { ...event, details: { ...event.details, room } };
  return announceStream({ store, clock }, mediaSessionId, (known) =>
    sessionAfter(told, known, sourceAfter(source, known), clock.nowMs()),
  );
}

/**
 * The stream's recording is over with the stream, unless it is one of a later publication by now. Only `stop.json` is written: the recorder, which looks every 4 s, has
 * usually seen the source's own end by then, with the last frame.
 */
async function stopEnded(ports: StartPorts, session: Session): Promise<string | undefined> {
  const { store, clock } = ports;
  const lock = await store.read(lockKey(session.mediaSessionId), lockSchema);
  if (lock === undefined || lock.value.releasedAtMs !== undefined) return undefined;
  const { recordingId, publishedAtMs, wanted } = lock.value;
  if (Math.max(publishedAtMs ?? 0, wanted?.publishedAtMs ?? 0) > (session.publishedAtMs ?? Infinity))
    return undefined;
  if ((await store.read(outcomeKey(recordingId), outcomeSchema)) !== undefined) return undefined;
  const stop: Stop = {
    requestedAtMs: clock.nowMs(),
    by: 'hook',
    reason: 'the stream is not published any more',
  };
  await store.create(stopKey(recordingId), stop);
  await endUnclaimed(ports, recordingId, 'hook');
  return recordingId;
}
