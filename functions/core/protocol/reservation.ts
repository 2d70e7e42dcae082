import { RecorderError } from '../api/errors.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import { lockKey, reservationKey } from '../state/keys.ts';
import { lockSchema, type Reservation, reservationSchema, type Session } from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';
import { type StartPorts, type StartResult, startRecording } from './start.ts';

const TRIES = 10;

export interface ReserveParams {
  readonly mediaSessionId: string;
  readonly settings: RecordingSettings;
  readonly requestId: string;
  readonly waitMs: number;
}

/**
 * Reserves a recording of a stream that is not published yet: it starts when the stream appears, or expires. A later
 * reservation takes the place of an earlier one. A stream that appeared meanwhile is recorded at once.
 * @returns the recording, or the reservation
 */
export async function reserveRecording(
  ports: StartPorts,
  params: ReserveParams,
): Promise<StartResult | Reservation> {
  const requestedAtMs = ports.clock.nowMs();
  const { settings, requestId, waitMs, mediaSessionId } = params;
  const reservation: Reservation = {
    settings,
    requestId,
    requestedAtMs,
    expiresAtMs: requestedAtMs + waitMs,
  };
  await write(ports.store, mediaSessionId, () => reservation);
  try {
    const started = await startRecording(ports, {
      mediaSessionId,
      settings,
      requestId,
      whenDifferent: 'restart',
    });
    await settle(ports, mediaSessionId);
    return started;
  } catch (error) {
    if (error instanceof RecorderError && error.code === 'session_not_found') return reservation;
    throw error;
  }
}

/**
 * Starts what was reserved for a stream that is being published now. Safe to repeat.
 * @returns the recording; undefined where nothing is reserved
 */
export async function startReserved(ports: StartPorts, session: Session): Promise<string | undefined> {
  const { mediaSessionId } = session;
  const known = await ports.store.read(reservationKey(mediaSessionId), reservationSchema);
  if (known === undefined || session.status !== 'PUBLISHING') return undefined;
  const { settledAtMs, expiresAtMs, requestedAtMs, settings, requestId } = known.value;
  if (settledAtMs !== undefined || expiresAtMs < ports.clock.nowMs()) return undefined;
  const lock = await ports.store.read(lockKey(mediaSessionId), lockSchema);
  // Somebody died between start and settling: what was started for it may have been stopped since.
  const isStarted = lock !== undefined && lock.value.acquiredAtMs >= requestedAtMs;
  const started = isStarted
    ? undefined
    : await startRecording(ports, { mediaSessionId, settings, requestId, whenDifferent: 'restart' });
  await settle(ports, mediaSessionId);
  return started?.recordingId;
}

/** @returns whether something was reserved */
export async function cancelReservation(
  ports: { readonly store: Store; readonly clock: Clock },
  mediaSessionId: string,
): Promise<boolean> {
  const known = await ports.store.read(reservationKey(mediaSessionId), reservationSchema);
  if (known === undefined || known.value.settledAtMs !== undefined) return false;
  await settle(ports, mediaSessionId);
  return known.value.expiresAtMs >= ports.clock.nowMs();
}

async function settle(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  mediaSessionId: string,
): Promise<void> {
  await write(store, mediaSessionId, (known) =>
    known === undefined || known.settledAtMs !== undefined ? known : { ...known, settledAtMs: clock.nowMs() },
  );
}

async function write(
  store: Store,
  mediaSessionId: string,
  change: (known: Reservation | undefined) => Reservation | undefined,
): Promise<void> {
  const key = reservationKey(mediaSessionId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const known = await store.read(key, reservationSchema);
    const next = change(known?.value);
    if (next === undefined || next === known?.value) return;
    const written =
      known === undefined ? await store.create(key, next) : await store.replace(key, next, known.etag);
    if (written) return;
  }
  throw new RecorderError('session_busy', 'This stream is asked for by many others now. Try again.', {
    field: 'mediaSessionId',
  });
}
