import * as z from 'zod/mini';
import { streamName } from '../api/fields.ts';
import { parseInput } from '../api/validation.ts';
import { type Session, STREAM_STATUSES } from '../state/objects.ts';
import type { HookEvent } from './event.ts';
import { type HookResult, jsonOf, kindOfMediaProvider } from './servers.ts';

/** WCS's REST hooks that say something about published streams; its other methods are answered and mean nothing here. */
const text = z.string().check(z.maxLength(4096));
const optional = z.exactOptional;
const lenient = <T>(schema: z.ZodMiniType<T>) => optional(z.catch(z.nullable(schema), null));

/** A name, or WCS's room with one. */
const roomText = z.string().check(z.minLength(1), z.maxLength(1024));
const roomName = z.union([
  roomText,
  z.pipe(
    z.object({ name: roomText }),
    z.transform(({ name }) => name),
  ),
]);

const streamBody = z.object({
  mediaSessionId: z.string().check(z.minLength(1), z.maxLength(256)),
  name: streamName,
  published: lenient(z.boolean()),
  status: lenient(z.enum(STREAM_STATUSES)),
  nodeId: lenient(text),
  appKey: lenient(text),
  sessionId: lenient(text),
  login: lenient(text),
  hasVideo: lenient(z.boolean()),
  hasAudio: lenient(z.boolean()),
  audioCodec: lenient(text),
  videoCodec: lenient(text),
  record: lenient(z.boolean()),
  width: lenient(z.number()),
  height: lenient(z.number()),
  bitrate: lenient(z.number()),
  mediaProvider: lenient(text),
  room: lenient(roomName),
  roomName: lenient(roomName),
  /** What the client's session gave with it. */
  custom: lenient(z.object({ room: lenient(roomName), roomName: lenient(roomName) })),
});
type StreamBody = z.infer<typeof streamBody>;

const STREAM_METHODS = ['publishStream', 'unPublishStream', 'StreamStatusEvent'];

/** @param method the last piece of the hook's path: `publishStream`. The reply is the object that came. */
export function wcsHook(method: string, body: string): HookResult {
  const reply = jsonOf(body);
  if (!STREAM_METHODS.includes(method)) return { reply };
  const stream = parseInput(streamBody, reply);
  const what = stream.published === false ? undefined : whatOf(method, stream);
  return what === undefined ? { reply } : { reply, event: toEvent(stream, what) };
}

/** An item of WCS's own `/stream/find` as what its hook would have said; undefined for what is no published stream. */
export function wcsStreamEvent(item: unknown): HookEvent | undefined {
  const stream = parseInput(streamBody, item);
  const what = stream.published === false ? undefined : whatOf('StreamStatusEvent', stream);
  return what === undefined ? undefined : toEvent(stream, what);
}

function whatOf(method: string, { status }: StreamBody): HookEvent['what'] | undefined {
  if (method === 'unPublishStream') return 'unpublished';
  if (method === 'publishStream') return 'pending';
  switch (status) {
    case 'PUBLISHING':
      return 'published';
    case 'NEW':
    case 'PENDING':
      return 'pending';
    case 'UNPUBLISHED':
    case 'STOPPED':
    case 'FAILED':
      return 'unpublished';
    default:
      return undefined;
  }
}

const DETAILS = [
  'hasVideo',
  'hasAudio',
  'audioCodec',
  'videoCodec',
  'login',
  'nodeId',
  'mediaProvider',
  'width',
  'height',
  'bitrate',
] as const;

function toEvent(stream: StreamBody, what: HookEvent['what']): HookEvent {
  const { mediaSessionId, name, appKey, sessionId, record, mediaProvider } = stream;
  const details = Object.fromEntries(
    DETAILS.flatMap((field) => (stream[field] == null ? [] : [[field, stream[field]]])),
  ) as Partial<Session>;
  const { custom } = stream;
  const room = stream.room ?? stream.roomName ?? custom?.room ?? custom?.roomName;
  return {
    what,
    mediaSessionId,
    name,
    // WCS makes a mediaSessionId for each publication.
    isUnique: true,
    kind: kindOfMediaProvider(mediaProvider ?? ''),
    details: { ...details, ...(room == null ? {} : { room }) },
    ...(appKey == null ? {} : { app: appKey }),
    ...(sessionId == null ? {} : { sessionId }),
    ...(record == null ? {} : { record }),
  };
}
