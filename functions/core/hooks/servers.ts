import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import { parseInput } from '../api/validation.ts';
import type { HookEvent } from './event.ts';
import type { StreamKind } from './settings.ts';

/** What a hook comes to: an event, where it is about a published stream, and the reply that its server expects. */
export interface HookResult {
  readonly event?: HookEvent;
  readonly reply: unknown;
}

export interface HookRequest {
  readonly text: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly secret: string;
}

const text = z.string().check(z.maxLength(4096));
const named = z.string().check(z.minLength(1), z.maxLength(4096));
const optional = z.exactOptional;

const isTrue = (value: string | null | undefined): boolean => value === 'true' || value === '1';
/** `record=true` in a stream's arguments, with or without a question mark. */
const recordOf = (query: string | undefined): { readonly record: boolean } => ({
  record: isTrue(new URLSearchParams(query ?? '').get('record')),
});
/** `room=…` likewise. */
const roomOfQuery = (query: string | undefined): { readonly room?: string } =>
  roomDetail(new URLSearchParams(query ?? '').get('room'));
const roomDetail = (room: string | null | undefined): { readonly room?: string } =>
  room == null || room === '' ? {} : { room: room.slice(0, ROOM_MAX_CHARS) };
const ROOM_MAX_CHARS = 1024;

const nginxForm = z.object({
  call: z.enum(['publish', 'publish_done', 'update_publish', 'update_play', 'play', 'play_done', 'done']),
  app: named,
  name: named,
  addr: optional(text),
  clientid: optional(text),
  record: optional(text),
  room: optional(text),
});

/** nginx-rtmp's on_publish, on_publish_done and on_update: a form; the stream's arguments are fields of it. */
export function nginxRtmp({ text: body }: HookRequest): HookResult {
  const form = parseInput(nginxForm, formOf(body));
  const reply = { code: 0 };
  const what = { publish: 'published', update_publish: 'published', publish_done: 'unpublished' } as const;
  if (!(form.call in what)) return { reply };
  return {
    reply,
    event: {
      what: what[form.call as keyof typeof what],
      mediaSessionId: `${form.app}/${form.name}`,
      name: form.name,
      app: form.app,
      kind: 'rtmp',
      sessionId: `${form.addr ?? ''}/${form.clientid ?? ''}`,
      record: isTrue(form.record),
      details: { mediaProvider: 'RTMP', ...roomDetail(form.room) },
    },
  };
}

const srsBody = z.object({
  action: named,
  app: named,
  stream: named,
  client_id: optional(z.union([text, z.number()])),
  param: optional(text),
});

/** SRS's on_publish and on_unpublish. Code 0 is what SRS takes for a yes. */
export function srs({ text: body }: HookRequest): HookResult {
  const { action, app, stream, client_id, param } = parseInput(srsBody, jsonOf(body));
  const reply = { code: 0, data: null };
  if (action !== 'on_publish' && action !== 'on_unpublish') return { reply };
  return {
    reply,
    event: {
      what: action === 'on_publish' ? 'published' : 'unpublished',
      mediaSessionId: `${app}/${stream}`,
      name: stream,
      app,
      kind: 'rtmp',
      ...(client_id === undefined ? {} : { sessionId: String(client_id) }),
      ...(action === 'on_publish' ? recordOf(param) : {}),
      details: roomOfQuery(param),
    },
  };
}

const omeBody = z.object({
  client: optional(z.object({ address: optional(text), port: optional(z.number()) })),
  request: z.object({
    direction: named,
    protocol: named,
    url: named,
    status: named,
    time: optional(text),
  }),
});

/**
 * OvenMediaEngine's admission web hook. Its `SecretKey` is the secret of the path, so the signature proves the body too.
 * @throws RecorderError hook_refused for a wrong signature
 */
export function ovenMediaEngine({ text: body, headers, secret }: HookRequest): HookResult {
  const expected = createHmac('sha1', secret).update(body, 'utf8').digest();
  const given = Buffer.from(headers['x-ome-signature'] ?? '', 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new RecorderError('hook_refused', 'X-OME-Signature is not that of this body and secret.', {
      field: 'X-OME-Signature',
    });
  }
  const { client, request } = parseInput(omeBody, jsonOf(body));
  const isOpening = request.status === 'opening';
  const reply = isOpening ? { allowed: true } : {};
  if (request.direction !== 'incoming') return { reply };
  const url = URL.parse(request.url);
  const [app, ...rest] = url?.pathname.split('/').slice(1).map(decoded) ?? [];
  const name = rest.join('/');
  if (app === undefined || app === '' || name === '') {
    throw new RecorderError('invalid_request', 'request.url must be scheme://host/app/stream.', {
      field: 'request.url',
    });
  }
  const atMs = Date.parse(request.time ?? '');
  return {
    reply,
    event: {
      what: isOpening ? 'published' : 'unpublished',
      mediaSessionId: `${app}/${name}`,
      name,
      app,
      kind: kindOf(request.protocol),
      sessionId: `${client?.address ?? ''}:${client?.port ?? ''}`,
      ...(isOpening ? recordOf(url?.search) : {}),
      ...(Number.isNaN(atMs) ? {} : { atMs }),
      details: { mediaProvider: request.protocol, ...roomOfQuery(url?.search) },
    },
  };
}

const generic = z.strictObject({
  event: z.enum(['publish', 'update', 'unpublish']),
  name: named,
  app: optional(named),
  mediaSessionId: optional(named.check(z.maxLength(256))),
  sessionId: optional(text),
  sourceUrl: optional(named),
  kind: optional(named),
  record: optional(z.union([z.boolean(), text])),
  room: optional(text),
  /** The stream's arguments, `record=true` among them. */
  query: optional(text),
  /** Epoch milliseconds. */
  eventAtMs: optional(z.union([z.number(), text])),
});

/** Any server that can run a command or send a request, MediaMTX for one: JSON, or a form of the same fields. */
export function anyServer({ text: body }: HookRequest): HookResult {
  const { event, name, app, mediaSessionId, record, room, query, eventAtMs, kind, ...rest } = parseInput(
    generic,
    body.trimStart().startsWith('{') ? jsonOf(body) : formOf(body),
  );
  const inRoom = { ...roomOfQuery(query), ...roomDetail(room) };
  const atMs = eventAtMs === undefined || eventAtMs === '' ? undefined : Number(eventAtMs);
  if (atMs !== undefined && !(Number.isSafeInteger(atMs) && atMs >= 0)) {
    throw new RecorderError('invalid_request', 'eventAtMs must be epoch milliseconds.', {
      field: 'eventAtMs',
    });
  }
  return {
    reply: { code: 0 },
    event: {
      what: event === 'unpublish' ? 'unpublished' : 'published',
      mediaSessionId: mediaSessionId ?? (app === undefined ? name : `${app}/${name}`),
      name,
      kind: kindOf(kind ?? ''),
      ...(app === undefined ? {} : { app }),
      ...(record === undefined ? recordOf(query) : { record: isTrue(String(record)) }),
      ...(inRoom.room === undefined ? {} : { details: inRoom }),
      ...(atMs === undefined ? {} : { atMs }),
      ...rest,
    },
  };
}

function kindOf(protocol: string): StreamKind {
  const known = /webrtc|whip|rtmp|flash|rtsp|srt|mixer/i.exec(protocol)?.[0].toLowerCase();
  if (known === undefined) return 'other';
  const kinds: Readonly<Record<string, StreamKind>> = { whip: 'webrtc', flash: 'rtmp' };
  return kinds[known] ?? (known as StreamKind);
}

/** WCS's own words for where a stream comes from. */
export const kindOfMediaProvider = kindOf;

function formOf(body: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}

/** @throws RecorderError malformed_json */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RecorderError('malformed_json', 'The body is not valid JSON.', { field: 'body' });
  }
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch (error) {
    if (error instanceof URIError) return piece;
    throw error;
  }
}
