import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { RecorderError } from '../core/api/errors.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import { announceBody, listStreamsQuery, mediaSessionPath } from '../core/api/schemas.ts';
import { parseInput } from '../core/api/validation.ts';
import { streamView } from '../core/api/views.ts';
import { applyHook } from '../core/hooks/apply.ts';
import {
  anyServer,
  type HookRequest,
  type HookResult,
  nginxRtmp,
  ovenMediaEngine,
  srs,
} from '../core/hooks/servers.ts';
import { checkHookSecret } from '../core/hooks/settings.ts';
import { wcsHook } from '../core/hooks/wcs.ts';
import { announceStream, withPublication } from '../core/protocol/announce.ts';
import { startReserved } from '../core/protocol/reservation.ts';
import { roomOf } from '../core/rooms/roomOf.ts';
import { checkSource } from '../core/source/policy.ts';
import { checkSourceSecret } from '../core/source/sourceSecret.ts';
import { SESSIONS_PREFIX, sessionKey } from '../core/state/keys.ts';
import { sessionSchema } from '../core/state/objects.ts';
import { controlPorts } from '../recordings/control.ts';
import { sessionPage } from '../recordings/sessions.ts';

const setup = once(() => {
  const { RECORDING_DEFAULTS: defaults, STREAM_HOOKS: hooks } = readEnv([
    'RECORDING_DEFAULTS',
    'STREAM_HOOKS',
  ]);
  const ports = controlPorts(new S3Client());
  return { ports, store: ports.store, defaults, hooks };
});

/** By the piece of the hook's path that names the server. */
const HOOKS: ReadonlyMap<string, (request: HookRequest) => HookResult> = new Map([
  ['nginx-rtmp', nginxRtmp],
  ['srs', srs],
  ['ome', ovenMediaEngine],
  ['stream', anyServer],
]);

const DEFAULT_LIMIT = 20;

/** The registry of streams, and the health of the API. */
export const handler = httpRouter<RouteKeyOf<'streams'>>({
  'GET /streams': { body: 'none', run: list },
  'GET /streams/{mediaSessionId+}': { body: 'none', run: show },
  'PUT /streams/{mediaSessionId+}': { body: 'json', run: announce },
  'DELETE /streams/{mediaSessionId+}': { body: 'none', run: unpublish },
  'GET /health': { body: 'none', run: health },
  'POST /hooks/{secret}/{server}': {
    body: 'raw',
    run: (request) => hear(request, HOOKS.get(request.path.server ?? '')),
  },
  'POST /hooks/{secret}/wcs/{wcsHook}': {
    body: 'raw',
    run: (request) => hear(request, ({ text }) => wcsHook(request.path.wcsHook ?? '', text)),
  },
});

/** → 200 `{"streams":[…],"nextToken"?}`, by the names of their sessions. */
async function list({ query }: HttpRequest): Promise<HttpAnswer> {
  const { limit = DEFAULT_LIMIT, ...wanted } = parseInput(listStreamsQuery, query);
  const { sessions, nextToken } = await sessionPage(setup().store, { ...wanted, limit: Number(limit) });
  return { status: 200, body: { streams: sessions.map(streamView), nextToken } };
}

/** → 200, the stream. */
async function show({ path }: HttpRequest): Promise<HttpAnswer> {
  const { mediaSessionId } = parseInput(mediaSessionPath, path);
  const session = await setup().store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session === undefined) throw unknownStream();
  return { status: 200, body: streamView(session.value) };
}

/** Announces a stream, or its new state → 200, the stream. */
async function announce({ body, path }: HttpRequest): Promise<HttpAnswer> {
  const { mediaSessionId } = parseInput(mediaSessionPath, path);
  logger.appendKeys({ mediaSessionId });
  const { eventAtMs = Date.now(), ...stream } = parseInput(announceBody, body);
  const { name, appKey } = stream;
  const app = appKey === undefined ? {} : { app: appKey };
  const room = stream.room ?? roomOf({ name, mediaSessionId, ...app }, setup().hooks.rooms);
  checkSource(stream.sourceUrl, 'sourceUrl', setup().defaults.sources);
  checkSourceSecret(stream, setup().defaults.sources);
  const placed = { ...stream, ...(room === undefined ? {} : { room }), mediaSessionId, eventAtMs };
  const session = await announceStream(setup().ports, mediaSessionId, (known) =>
    withPublication(placed, known, Date.now()),
  );
  const started = await startReserved(setup().ports, session);
  logger.info('stream announced', { status: session.status, started });
  return { status: 200, body: streamView(session) };
}

/**
 * The stream is no longer published → 200, the stream. The session stays in the registry as UNPUBLISHED, so that a late
 * announcement of it cannot bring it back.
 */
async function unpublish({ path }: HttpRequest): Promise<HttpAnswer> {
  const { mediaSessionId } = parseInput(mediaSessionPath, path);
  logger.appendKeys({ mediaSessionId });
  const session = await announceStream(setup().ports, mediaSessionId, (known) => {
    if (known === undefined) throw unknownStream();
    // The media server's clock may be ahead of ours: what it says last still counts.
    return { ...known, status: 'UNPUBLISHED', eventAtMs: Math.max(Date.now(), known.eventAtMs) };
  });
  logger.info('stream unpublished');
  return { status: 200, body: streamView(session) };
}

/** What a media server says → 200, the reply that it expects. @throws as an answer: hook_refused, before anything else */
async function hear(
  { path, body, headers, requestId }: HttpRequest,
  read: ((request: HookRequest) => HookResult) | undefined,
): Promise<HttpAnswer> {
  const { ports, hooks, defaults } = setup();
  const secret = path.secret ?? '';
  checkHookSecret(secret, hooks);
  if (read === undefined)
    throw new RecorderError('route_not_found', 'There is no such hook.', { field: 'path' });
  const { event, reply } = read({ text: String(body), headers, secret });
  if (event !== undefined) {
    const { mediaSessionId, what } = event;
    logger.appendKeys({ mediaSessionId });
    try {
      const { session, started, stopped } = await applyHook(ports, event, { hooks, defaults, requestId });
      logger.info('hook', { what, status: session.status, started, stopped });
    } catch (error) {
      if (!isStartRefused(error)) throw error;
      // Another answer than yes would end the stream itself. It is registered, and can be started.
      logger.error('the stream is not recorded', error as Error);
    }
  }
  return { status: 200, body: reply };
}

const isStartRefused = (error: unknown): boolean =>
  error instanceof RecorderError && ['session_busy', 'too_many_recordings'].includes(error.code);

/** → 200 `{"status":"ok"}` when state can be read. */
async function health(): Promise<HttpAnswer> {
  await setup().store.listPage(SESSIONS_PREFIX, { max: 1 });
  return { status: 200, body: { status: 'ok' } };
}

function unknownStream(): RecorderError {
  return new RecorderError('session_not_found', 'No stream with this mediaSessionId is known.', {
    field: 'mediaSessionId',
  });
}
