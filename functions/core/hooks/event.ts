import { withPublication } from '../protocol/announce.ts';
import type { Session } from '../state/objects.ts';
import type { StreamKind } from './settings.ts';
import type { StreamSource } from './streamSource.ts';

/** What a media server's hook says, whichever server it is. */
export interface HookEvent {
  readonly what: 'pending' | 'published' | 'unpublished';
  readonly mediaSessionId: string;
  readonly name: string;
  readonly kind: StreamKind;
  /** When it happened by the server's clock, where the server says so. */
  readonly atMs?: number;
  /** The publisher's connection: tells a stream from an earlier one of the same name. */
  readonly sessionId?: string;
  /** The server never publishes again under this mediaSessionId: what has ended stays so. */
  readonly isUnique?: boolean;
  readonly app?: string;
  readonly record?: boolean;
  /** Given by whoever calls; otherwise it comes from a template. */
  readonly sourceUrl?: string;
  readonly details?: Partial<
    Pick<
      Session,
      | 'hasVideo'
      | 'hasAudio'
      | 'audioCodec'
      | 'videoCodec'
      | 'login'
      | 'room'
      | 'nodeId'
      | 'mediaProvider'
      | 'width'
      | 'height'
      | 'bitrate'
    >
  >;
}

const STATUS = { pending: 'PENDING', published: 'PUBLISHING', unpublished: 'UNPUBLISHED' } as const;

/** A "published" that comes so soon after the "unpublished" of the same connection was overtaken by it. */
const OVERTAKEN_MS = 10_000;

/**
 * The session after an event; the known one itself where the event changes nothing: it was repeated, came late, or is
 * about an earlier connection.
 * @param source as `sourceAfter` has it
 * @param nowMs stands for the time of an event that has none
 */
export function sessionAfter(
  event: HookEvent,
  known: Session | undefined,
  source: StreamSource,
  nowMs: number,
): Session {
  const eventAtMs = event.atMs ?? nowMs;
  if (known !== undefined && isOld(event, known, eventAtMs)) return known;
  const status = STATUS[event.what];
  const isSameStream = known?.sessionId === event.sessionId;
  if (known !== undefined && known.status === status && isSameStream) {
    // Nothing new but its time, which tells older events that they are old.
    return event.atMs === undefined ? known : { ...known, eventAtMs };
  }
  const { sourceSecret: _former, ...kept }: Partial<Session> = (isSameStream ? known : undefined) ?? {};
  const session: Session = {
    ...kept,
    ...event.details,
    mediaSessionId: event.mediaSessionId,
    name: event.name,
    status,
    ...source,
    eventAtMs: Math.max(eventAtMs, known?.eventAtMs ?? 0),
    ...(event.app === undefined ? {} : { appKey: event.app }),
    ...(event.sessionId === undefined ? {} : { sessionId: event.sessionId }),
    ...(event.record === undefined ? {} : { record: event.record }),
  };
  return withPublication(session, known, nowMs);
}

/**
 * Where the stream is fetched after an event: as the event or a template says, or as it was known. A secret goes with its
 * own URL, and with no other.
 * @returns '' as the URL where nobody says it
 */
export function sourceAfter(told: StreamSource | undefined, known: Session | undefined): StreamSource {
  const source: Partial<StreamSource> = told ?? known ?? {};
  const { sourceUrl = '', sourceSecret } = source;
  return { sourceUrl, ...(sourceSecret === undefined ? {} : { sourceSecret }) };
}

function isOld(event: HookEvent, known: Session, eventAtMs: number): boolean {
  if (event.atMs !== undefined && event.atMs < known.eventAtMs) return true;
  const isSame = known.sessionId === undefined || known.sessionId === event.sessionId;
  switch (event.what) {
    case 'unpublished':
      // The end of an earlier connection says nothing about the one that took the name since.
      return !isSame && known.status === 'PUBLISHING';
    case 'pending':
      return known.status !== 'NEW' && (event.isUnique === true || isSame);
    case 'published':
      if (known.status !== 'UNPUBLISHED' && known.status !== 'STOPPED' && known.status !== 'FAILED') {
        return false;
      }
      if (event.isUnique === true) return true;
      return event.sessionId !== undefined && isSame && eventAtMs - known.eventAtMs < OVERTAKEN_MS;
  }
}
