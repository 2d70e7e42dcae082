import { createHash } from 'node:crypto';
import { invertedTime, isRecordingId, recordingIdTimeMs } from './ids.ts';

/**
 * Where everything lives in the landing bucket. See the design's state tree: facts are create-only objects, and
 * each mutable object names its writer.
 */
export const RECORDS_PREFIX = 'records/';
export const STATE_PREFIX = 'state/';
export const LOCKS_PREFIX = 'state/locks/';

const SEGMENT_MAX_BYTES = 180;
const SEGMENT_KEPT_BYTES = 100;

/**
 * An outside value as one key segment. Only `A-Z a-z 0-9 _ -` stay; every other byte is %XX, so nothing leaves its
 * folder, not even by dots. Longer than 180 bytes: the beginning, `~` (which encoding never makes) and a SHA-256,
 * so that different values always have different segments.
 */
export function keySegment(value: string): string {
  let encoded = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const char = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (encoded.length <= SEGMENT_MAX_BYTES) return encoded;
  const hash = createHash('sha256').update(value, 'utf8').digest('hex');
  return `${encoded.slice(0, SEGMENT_KEPT_BYTES)}~${hash}`;
}

export const SESSIONS_PREFIX = 'state/sessions/';
export const sessionKey = (mediaSessionId: string): string =>
  `${SESSIONS_PREFIX}${keySegment(mediaSessionId)}.json`;
export const lockKey = (mediaSessionId: string): string =>
  `${LOCKS_PREFIX}${keySegment(mediaSessionId)}.json`;

export const RESERVATIONS_PREFIX = 'state/reservations/';
export const reservationKey = (mediaSessionId: string): string =>
  `${RESERVATIONS_PREFIX}${keySegment(mediaSessionId)}.json`;

/** Streams that a media server would list, a marker each, in the order of their sessions. */
export const LISTED_PREFIX = 'state/listed/';
export const listedKey = (mediaSessionId: string): string =>
  `${LISTED_PREFIX}${keySegment(mediaSessionId)}.json`;

/** Recordings that go on, a marker each; it goes after the outcome. */
export const ACTIVE_PREFIX = 'state/active/';
export const activeKey = (recordingId: string): string => `${ACTIVE_PREFIX}${recordingId}`;
/** Files that are being written, a key each, which says all there is to say. */
export const WRITING_PREFIX = 'state/writing/';
export const writingPrefix = (recordingId: string): string => `${WRITING_PREFIX}${recordingId}/`;
/** S3 takes keys of 1,024 bytes; a file name has 255 at most. */
const SESSION_IN_KEY_MAX_BYTES = 400;
const inKey = (value: string): string => Buffer.from(value, 'utf8').toString('base64url');
const ofKey = (value: string): string => Buffer.from(value, 'base64url').toString('utf8');
export function writingKey(
  { recordingId, mediaSessionId }: { readonly recordingId: string; readonly mediaSessionId: string },
  { part, fileName }: { readonly part: number; readonly fileName: string },
): string {
  const session = inKey(mediaSessionId);
  // One that is longer, or no Unicode, is told by the recording's marker.
  const fits =
    Buffer.byteLength(mediaSessionId) <= SESSION_IN_KEY_MAX_BYTES && ofKey(session) === mediaSessionId;
  return `${writingPrefix(recordingId)}${part}/${fits ? session : ''}.${inKey(fileName)}`;
}
/** The reverse of `writingKey`; no `mediaSessionId` where the key does not say it. */
export function parseWritingKey(key: string):
  | {
      readonly recordingId: string;
      readonly part: number;
      readonly mediaSessionId?: string;
      readonly fileName: string;
    }
  | undefined {
  const match = /^state\/writing\/([^/]+)\/([1-9]\d*)\/([\w-]*)\.([\w-]+)$/.exec(key);
  const [, recordingId, part, session = '', fileName] = match ?? [];
  if (recordingId === undefined || fileName === undefined) return undefined;
  return {
    recordingId,
    part: Number(part),
    ...(session === '' ? {} : { mediaSessionId: ofKey(session) }),
    fileName: ofKey(fileName),
  };
}

/** Where reconcile goes on, and that the recordings and the streams of an older version have been marked. */
export const RECONCILE_CURSORS_KEY = 'state/reconcile/cursors.json';
export const ACTIVE_MARKED_KEY = 'state/reconcile/marked.json';
/** The last run of reconcile, and what it mended. */
export const RECONCILED_KEY = 'state/reconcile/last.json';
export const LISTED_MARKED_KEY = 'state/reconcile/listed.json';

/** All state objects of one recording are below it. */
export const recordingPrefix = (recordingId: string): string => `state/recordings/${recordingId}/`;
export const jobKey = (recordingId: string): string => `${recordingPrefix(recordingId)}job.json`;
export const stopKey = (recordingId: string): string => `${recordingPrefix(recordingId)}stop.json`;
export const controlKey = (recordingId: string): string => `${recordingPrefix(recordingId)}control.json`;
export const outcomeKey = (recordingId: string): string => `${recordingPrefix(recordingId)}outcome.json`;
export const endingKey = (recordingId: string): string => `${recordingPrefix(recordingId)}ending.json`;
export const attemptsPrefix = (recordingId: string): string => `${recordingPrefix(recordingId)}attempts/`;
export const partsPrefix = (recordingId: string): string => `${recordingPrefix(recordingId)}parts/`;
export const attemptKey = (
  recordingId: string,
  attempt: number,
  file: 'claim' | 'progress' | 'end',
): string => `${attemptsPrefix(recordingId)}${attempt}/${file}.json`;
/** How the launch of an attempt goes; it says nothing of who records. */
export const launchKey = (recordingId: string, attempt: number): string =>
  `${recordingPrefix(recordingId)}launches/${attempt}.json`;
export const partKey = (recordingId: string, part: number, file: 'open' | 'final' | 'moved'): string =>
  `${partsPrefix(recordingId)}${part}/${file}.json`;
/** Marks by their names alone, so that a list of recordings tells of them without a request for each part. */
export const PART_MARKS = ['incomplete', 'recovered'] as const;
export type PartMark = (typeof PART_MARKS)[number];
export const partMarkKey = (recordingId: string, part: number, mark: PartMark): string =>
  `${partsPrefix(recordingId)}${part}/${mark}`;
/** Where a part begins in one of an earlier attempt. */
export const OVERLAP_FILE = 'overlap.json';
export const overlapKey = (recordingId: string, part: number): string =>
  `${partsPrefix(recordingId)}${part}/${OVERLAP_FILE}`;
export const FRAGMENT_INDEX_FILE = 'fragments.index';
/** Of a part's fragments; not JSON (core/media/fragmentIndex). */
export const fragmentIndexKey = (recordingId: string, part: number): string =>
  `${partsPrefix(recordingId)}${part}/${FRAGMENT_INDEX_FILE}`;
/** A picture of the part's first second, and of all of it; no JSON (core/pictures). */
export const POSTER_FILE = 'poster.jpg';
export const posterKey = (recordingId: string, part: number): string =>
  `${partsPrefix(recordingId)}${part}/${POSTER_FILE}`;
export const storyboardKey = (recordingId: string, part: number): string =>
  `${partsPrefix(recordingId)}${part}/storyboard`;
/** What is recorded at present. */
export const LATEST_PICTURE_FILE = 'latest.jpg';
export const latestPictureKey = (recordingId: string): string =>
  `${recordingPrefix(recordingId)}${LATEST_PICTURE_FILE}`;
/** The list by which a recording that has ended is played; not JSON. */
export const vodPlaylistKey = (recordingId: string): string => `${recordingPrefix(recordingId)}vod.m3u8`;
/** How an attempt goes on in the list by which the recording is watched while it goes on. */
export const liveJoinKey = (recordingId: string, attempt: number): string =>
  `${recordingPrefix(recordingId)}live/${attempt}.json`;
/** Notes that an event was published; its id begins with the recording's. */
export const announcedKey = (recordingId: string, eventId: string): string =>
  `${recordingPrefix(recordingId)}events/${keySegment(eventId.slice(recordingId.length + 1))}.json`;
export const INDEX_PREFIX = 'state/index/';
/** The reverse of `indexKey`. */
export const recordingIdOfIndexKey = (key: string): string => key.slice(key.lastIndexOf('-') + 1);
export const indexKey = (recordingId: string): string =>
  `${INDEX_PREFIX}${invertedTime(recordingIdTimeMs(recordingId))}-${recordingId}`;

/** Rooms that have, or had, recordings. */
export const ROOM_NAMES_PREFIX = 'state/rooms/names/';
export const roomKey = (room: string): string => `${ROOM_NAMES_PREFIX}${keySegment(room)}.json`;
/** The recordings of a room, newest first. */
export const roomRecordingsPrefix = (room: string): string => `state/rooms/recordings/${keySegment(room)}/`;
export const roomRecordingKey = (room: string, recordingId: string): string =>
  `${roomRecordingsPrefix(room)}${invertedTime(recordingIdTimeMs(recordingId))}-${recordingId}`;

export const IDEMPOTENCY_PREFIX = 'state/idempotency/';
/** What an Idempotency-Key stands for: the request and its recording, then the answer. */
export const idempotencyKey = (key: string, file: 'request' | 'answer'): string =>
  `${IDEMPOTENCY_PREFIX}${createHash('sha256').update(key, 'utf8').digest('hex')}/${file}.json`;

/** All that a host writes, and what others tell it. */
export const HOSTS_PREFIX = 'state/hosts/';
export const hostPrefix = (hostId: string): string => `${HOSTS_PREFIX}${keySegment(hostId)}/`;
export const hostStatusKey = (hostId: string): string => `${hostPrefix(hostId)}status.json`;
/** Another body means that there are asks. */
export const hostNudgeKey = (hostId: string): string => `${hostPrefix(hostId)}nudge.json`;
export const hostAsksPrefix = (hostId: string): string => `${hostPrefix(hostId)}asks/`;
/** Something was asked of this recording. */
export const hostAskKey = (hostId: string, recordingId: string): string =>
  `${hostAsksPrefix(hostId)}${keySegment(recordingId)}`;
/** The reverse of `hostAskKey`. */
export const recordingIdOfAsk = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
/** The host is to hand over what it carries, and end: it is of an earlier deployment. */
export const hostRetireKey = (hostId: string): string => `${hostPrefix(hostId)}retire.json`;
export const hostCarriesPrefix = (hostId: string): string => `${hostPrefix(hostId)}carries/`;
export const hostCarriesKey = (hostId: string, recordingId: string, attempt: number): string =>
  `${hostCarriesPrefix(hostId)}${keySegment(recordingId)}-${attempt}.json`;

/** Journals of workers; `journalId` says whose: `<host>/<worker>`, each a key segment. */
export const JOURNALS_PREFIX = 'state/journal/';
export const journalId = (hostId: string, worker: string): string =>
  `${keySegment(hostId)}/${keySegment(worker)}`;
/** Its first folder is made of the id, so that workers write to different prefixes. */
export const journalPrefix = (id: string): string =>
  `${JOURNALS_PREFIX}${createHash('sha256').update(id, 'utf8').digest('hex').slice(0, SPREAD_CHARS)}/${id}/`;
export const journalKey = (id: string, sequence: number): string =>
  `${journalPrefix(id)}${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`;
/** Its number in its journal; undefined for a key that no worker could have written. */
export function journalSequenceOfKey(key: string): number | undefined {
  const [, digits] = /\/(\d{16})$/.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
/** Which journal an object is of; undefined for a key that no worker could have written. */
export function journalIdOfKey(key: string): string | undefined {
  const [, id] = /^state\/journal\/[0-9a-f]{2}\/([^/]+\/[^/]+)\/\d{16}$/.exec(key) ?? [];
  return id !== undefined && key.startsWith(journalPrefix(id)) ? id : undefined;
}
const SPREAD_CHARS = 2;
const SEQUENCE_DIGITS = 16;

/** Of version 0.1: bytes of a part that were in no uploaded S3 part, from a byte offset of the file on. */
export const tailsPrefix = (recordingId: string, part: number): string =>
  `state/tails/${recordingId}/${part}/`;
/** Which bytes: their offset and their number; undefined for a key that no recorder could have written. */
export function parseTailKey(key: string): { readonly offset: number; readonly bytes: number } | undefined {
  const [, offset, bytes] = /^state\/tails\/[^/]+\/\d+\/(\d{1,15})-(\d{1,12})$/.exec(key) ?? [];
  return offset === undefined ? undefined : { offset: Number(offset), bytes: Number(bytes) };
}

/** Where a recorder writes: no two attempts share a key. */
export const recordKey = (recordingId: string, attempt: number, fileName: string): string =>
  `${RECORDS_PREFIX}${recordingId}/${attempt}/${fileName}`;

export interface RecordKey {
  readonly recordingId: string;
  readonly attempt: number;
  readonly fileName: string;
}

/** The reverse of `recordKey`; undefined for a key that no recorder could have written. */
export function parseRecordKey(key: string): RecordKey | undefined {
  const match = /^records\/([^/]+)\/([1-9]\d{0,5})\/([^/]+)$/u.exec(key);
  const [, recordingId, attempt, fileName] = match ?? [];
  if (recordingId === undefined || attempt === undefined || fileName === undefined) return undefined;
  if (!isRecordingId(recordingId)) return undefined;
  return { recordingId, attempt: Number(attempt), fileName };
}
