import { S3Client } from '@aws-sdk/client-s3';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter, type Operation } from '../aws/http.ts';
import { behindLoadBalancer } from '../aws/loadBalancer.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { readSecret } from '../aws/secrets.ts';
import { RecorderError } from '../core/api/errors.ts';
import { settingsOf } from '../core/api/recordingConfig.ts';
import { type WcsMethod, wcsMethodPath } from '../core/api/routes.ts';
import { mediaSessionBody, startRecordingBody } from '../core/api/schemas.ts';
import { ignoredFields, parseInput } from '../core/api/validation.ts';
import { matches, streamFilter, toWcsStreamItem, type WcsStreamItem } from '../core/api/wcsAnswers.ts';
import { credentialsSchema, isBasicFor } from '../core/auth/basic.ts';
import { cancelReservation } from '../core/protocol/reservation.ts';
import { stopRecording } from '../core/protocol/stop.ts';
import { isGone } from '../core/state/kept.ts';
import { sessionKey } from '../core/state/keys.ts';
import { sessionSchema } from '../core/state/objects.ts';
import { controlPorts } from '../recordings/control.ts';
import { statusNow } from '../recordings/read.ts';
import { activeRecording, activeRecordings } from '../recordings/registry.ts';
import { listedSessions } from '../recordings/sessions.ts';
import { startFound } from '../recordings/startFound.ts';

const setup = once(() => ({
  ports: controlPorts(new S3Client()),
  env: readEnv(['RECORDING_DEFAULTS', 'RECORDING_LIMITS', 'STREAM_HOOKS']),
}));

const start: Operation = { body: 'json', run: startStream };
const stop: Operation = { body: 'json', run: stopStream };

const METHODS: Readonly<Record<WcsMethod, Operation>> = {
  '/stream/startRecording': start,
  '/recorder/startup': start,
  '/stream/stopRecording': stop,
  '/recorder/terminate': stop,
  '/recorder/find_all': { body: 'none', run: findRecords },
  '/stream/find': { body: 'optionalJson', run: findStreams },
  '/stream/find_all': {
    body: 'none',
    run: async () => ({ status: 200, body: await allItems() }),
  },
};

const methodOf = (event: APIGatewayProxyEventV2): string => wcsMethodPath(event.rawPath);

/** WCS's REST methods, with and without `/rest-api` and a slash at the end; also behind a load balancer on WCS's ports. */
export const handler = behindLoadBalancer(
  httpRouter(METHODS, methodOf),
  httpRouter(METHODS, methodOf, admitByPort),
);

/**
 * What API Gateway does before it calls a function: looks at caller and method.
 * @throws RecorderError unauthorized, method_not_allowed
 */
async function admitByPort(event: APIGatewayProxyEventV2): Promise<void> {
  const { WCS_PORTS_AUTH: auth } = readEnv(['WCS_PORTS_AUTH']);
  const isAdmitted =
    auth === 'none' ||
    (auth !== 'off' && isBasicFor(event.headers.authorization, await readSecret(auth, credentialsSchema)));
  if (!isAdmitted) {
    throw new RecorderError('unauthorized', 'HTTP Basic with the right user name and password is needed.', {
      field: 'Authorization',
    });
  }
  const { method } = event.requestContext.http;
  if (method !== 'POST' && Object.hasOwn(METHODS, methodOf(event))) {
    throw new RecorderError('method_not_allowed', `${method} is not allowed here, POST is.`, {
      field: 'method',
    });
  }
}

/** `{"mediaSessionId", "config"?}` → 200 `{"recordingId","mediaSessionId","status","alreadyStarted"}`. */
async function startStream({ body, requestId }: HttpRequest): Promise<HttpAnswer> {
  const { mediaSessionId, config } = parseInput(startRecordingBody, body);
  logger.appendKeys({ mediaSessionId });
  const { ports, env } = setup();
  const params = {
    mediaSessionId,
    settings: settingsOf(config ?? {}, env.RECORDING_DEFAULTS, env.RECORDING_LIMITS),
    // Without a config it is the same request as before; with one, the recording that is asked for is that one.
    whenDifferent: config === undefined ? ('keep' as const) : ('restart' as const),
    requestId,
  };
  const result = await startFound(ports, params, env.STREAM_HOOKS);
  logger.info('recording start asked', { ...result });
  const { recordingId, alreadyStarted } = result;
  const status = alreadyStarted ? await statusNow(ports.store, recordingId) : 'starting';
  const ignored = ignoredFields(startRecordingBody, body);
  return { status: 200, body: { recordingId, mediaSessionId, status, alreadyStarted, ...ignored } };
}

/** `{"mediaSessionId"}` → 200 `{"recordingId","mediaSessionId","status"}`. */
async function stopStream({ body, requestId }: HttpRequest): Promise<HttpAnswer> {
  const { mediaSessionId } = parseInput(mediaSessionBody, body);
  logger.appendKeys({ mediaSessionId });
  const ignored = ignoredFields(mediaSessionBody, body);
  const { ports } = setup();
  const cancelled = await cancelReservation(ports, mediaSessionId);
  const result = await stopRecording(ports, { mediaSessionId, by: `request ${requestId}` }).catch(
    (error: unknown) => {
      if (cancelled && error instanceof RecorderError && error.code === 'recording_not_found')
        return undefined;
      throw error;
    },
  );
  if (result === undefined) {
    logger.info('reservation cancelled');
    return { status: 200, body: { mediaSessionId, status: 'cancelled', ...ignored } };
  }
  logger.info('recording stop asked', { ...result });
  // One that was stopped before anything of it was recorded has ended by now; this request stopped it all the same.
  const status = result.alreadyEnded ? await statusNow(ports.store, result.recordingId) : 'stopping';
  return { status: 200, body: { recordingId: result.recordingId, mediaSessionId, status, ...ignored } };
}

/** → 200 `[{"fileName","mediaSessionId"}]`: the files that are being written now. */
async function findRecords(): Promise<HttpAnswer> {
  const recordings = await activeRecordings(setup().ports.store);
  const files = recordings.flatMap(({ mediaSessionId, fileNames }) =>
    fileNames.map((fileName) => ({ fileName, mediaSessionId })),
  );
  return { status: 200, body: files };
}

/** `{"name","published",…}`, any field of the answer → 200, the streams that have these values; 404 without one. */
async function findStreams({ body }: HttpRequest): Promise<HttpAnswer> {
  const filter = parseInput(streamFilter, body);
  const { mediaSessionId } = filter;
  const items =
    mediaSessionId === undefined
      ? await allItems()
      : typeof mediaSessionId === 'string'
        ? await itemsOf(mediaSessionId)
        : [];
  const found = items.filter((item) => matches(item, filter));
  if (found.length === 0) throw new RecorderError('session_not_found', 'No stream has these values.');
  return { status: 200, body: found };
}

async function itemsOf(mediaSessionId: string): Promise<WcsStreamItem[]> {
  const { store } = setup().ports;
  const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session === undefined || isGone(session.value)) return [];
  return [toWcsStreamItem(session.value, await activeRecording(store, mediaSessionId))];
}

async function allItems(): Promise<WcsStreamItem[]> {
  const { store } = setup().ports;
  const [sessions, recordings] = await Promise.all([listedSessions(store), activeRecordings(store)]);
  const fileNames = new Map<string, string[]>();
  for (const { mediaSessionId, fileNames: own } of recordings)
    fileNames.set(mediaSessionId, [...(fileNames.get(mediaSessionId) ?? []), ...own]);
  return sessions.map((session) => {
    const own = fileNames.get(session.mediaSessionId);
    return toWcsStreamItem(session, own === undefined ? undefined : { fileNames: own });
  });
}
