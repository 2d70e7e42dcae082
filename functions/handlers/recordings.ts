import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import type { Awaited } from '../core/api/awaited.ts';
import { RecorderError } from '../core/api/errors.ts';
import { etagOf, isKnown } from '../core/api/etag.ts';
import { partsPage } from '../core/api/partsPage.ts';
import { previewedNames } from '../core/api/previewedNames.ts';
import { namedByStart, settingsOf } from '../core/api/recordingConfig.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import {
  createRecordingBody,
  deleteRecordingQuery,
  getEventsQuery,
  getRecordingQuery,
  idempotencyHeader,
  listRecordingsQuery,
  previewNameBody,
  recordingPath,
} from '../core/api/schemas.ts';
import { recordingStory } from '../core/api/story.ts';
import { storyPage } from '../core/api/storyPage.ts';
import { parseInput } from '../core/api/validation.ts';
import { recordingView, summaryView } from '../core/api/views.ts';
import { type StartAnswer, startOnce } from '../core/protocol/idempotency.ts';
import { reserveRecording } from '../core/protocol/reservation.ts';
import { rotateRecording } from '../core/protocol/rotate.ts';
import { sourceOf } from '../core/protocol/start.ts';
import { stopRecordingById } from '../core/protocol/stop.ts';
import { checkSource } from '../core/source/policy.ts';
import { checkSourceSecret } from '../core/source/sourceSecret.ts';
import {
  ACTIVE_STATUSES,
  type RecordingObjects,
  type RecordingStatus,
  recordingStatus,
} from '../core/state/fold.ts';
import { isRecordingId } from '../core/state/ids.ts';
import { controlPorts } from '../recordings/control.ts';
import { deleteRecording } from '../recordings/delete.ts';
import { FileLinks, linkParts } from '../recordings/links.ts';
import { listRecordings } from '../recordings/list.ts';
import { PictureLinks } from '../recordings/pictureLinks.ts';
import { PlayLinks } from '../recordings/playLinks.ts';
import { readRecording, readSummary, statusNow } from '../recordings/read.ts';
import { startFound } from '../recordings/startFound.ts';
import { waitForRecording } from '../recordings/waiting.ts';

const setup = once(() => {
  const s3 = new S3Client();
  const env = readEnv([
    'RECORDING_DEFAULTS',
    'RECORDING_LIMITS',
    'STREAM_HOOKS',
    'PLAYBACK_KEY_SECRET_ARN',
    'LANDING_BUCKET',
  ]);
  const { RECORDING_DEFAULTS: defaults, RECORDING_LIMITS: limits, STREAM_HOOKS: hooks } = env;
  return {
    s3,
    ports: controlPorts(s3),
    playLinks: new PlayLinks(env.PLAYBACK_KEY_SECRET_ARN),
    fileLinks: new FileLinks(env.PLAYBACK_KEY_SECRET_ARN),
    landing: env.LANDING_BUCKET,
    defaults,
    limits,
    hooks,
  };
});

const WAIT_MS = 20_000;
/** Of the 30 s that API Gateway waits. */
const DELETE_MS = 15_000;
const DEFAULT_LIMIT = 20;

/** The recordings as resources. */
export const handler = httpRouter<RouteKeyOf<'recordings'>>({
  'POST /recordings': { body: 'json', run: create },
  'GET /recordings': { body: 'none', run: list },
  'POST /recordings/previewName': { body: 'json', run: preview },
  'GET /recordings/{recordingId}': { body: 'none', run: show },
  'DELETE /recordings/{recordingId}': { body: 'none', run: remove },
  'GET /recordings/{recordingId}/events': { body: 'none', run: tell },
  'POST /recordings/{recordingId}/stop': { body: 'none', run: stop },
  'POST /recordings/{recordingId}/rotate': { body: 'none', run: rotate },
});

/** → 201 with `Location`; 200 where that recording goes on already, or the Idempotency-Key was used before. */
async function create({ body, headers, requestId }: HttpRequest): Promise<HttpAnswer> {
  const wanted = parseInput(createRecordingBody, body);
  const { sourceUrl, sourceSecret, streamName, config } = wanted;
  const { ports, defaults, limits, hooks } = setup();
  if (sourceUrl !== undefined) checkSource(sourceUrl, 'sourceUrl', defaults.sources);
  checkSourceSecret(wanted, defaults.sources);
  const settings = settingsOf(config ?? {}, namedByStart(defaults), limits);
  const start = async (recordingId: string): Promise<StartAnswer> => {
    const mediaSessionId = wanted.mediaSessionId ?? recordingId;
    logger.appendKeys({ mediaSessionId });
    const result = await startFound(
      ports,
      {
        mediaSessionId,
        recordingId,
        settings,
        whenDifferent: config === undefined ? 'keep' : 'restart',
        requestId,
        ...(sourceUrl === undefined
          ? {}
          : {
              direct: {
                source: sourceOf(sourceUrl, sourceSecret),
                stream: { name: streamName ?? mediaSessionId },
              },
            }),
      },
      hooks,
    );
    return { ...result, mediaSessionId };
  };
  if (wanted.waitSeconds !== undefined && wanted.mediaSessionId !== undefined) {
    const { mediaSessionId, waitSeconds } = wanted;
    const reserved = await reserveRecording(ports, {
      mediaSessionId,
      settings,
      requestId,
      waitMs: waitSeconds * 1000,
    });
    if ('expiresAtMs' in reserved) {
      const expiresAt = new Date(reserved.expiresAtMs).toISOString();
      return { status: 202, body: { mediaSessionId, status: 'reserved', expiresAt } };
    }
    return started({ ...reserved, mediaSessionId });
  }
  const key = headers['idempotency-key'];
  return started(key === undefined ? await start(ports.newRecordingId()) : await startOnceFor(key));

  async function startOnceFor(idempotencyKey: string): Promise<StartAnswer> {
    const checked = parseInput(idempotencyHeader, idempotencyKey, 'Idempotency-Key');
    const requestHash = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
    return startOnce(ports, { key: checked, requestHash }, start);
  }
}

async function started({ recordingId, mediaSessionId, alreadyStarted }: StartAnswer): Promise<HttpAnswer> {
  logger.info('recording start asked', { recordingId, alreadyStarted });
  const status = alreadyStarted ? await statusNow(setup().ports.store, recordingId) : 'starting';
  return {
    status: alreadyStarted ? 200 : 201,
    headers: { location: `/recordings/${recordingId}` },
    body: { recordingId, mediaSessionId, status, alreadyStarted },
  };
}

/** → 200 `{"recordings":[…],"nextToken"?}`, newest first. */
async function list({ query, origin }: HttpRequest): Promise<HttpAnswer> {
  const { status, stream, streamContains, mediaSessionId, room, tag, from, to, limit, nextToken } =
    parseInput(listRecordingsQuery, query);
  const piece = streamContains === undefined ? undefined : searched(streamContains);
  const page = await listRecordings(setup().ports.store, {
    limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
    ...(nextToken === undefined ? {} : { nextToken }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    ...(room === undefined ? {} : { room }),
    active: status !== undefined && statusesOf(status).every((one) => ACTIVE_STATUSES.has(one)),
    wants: (summary) =>
      (status === undefined || statusesOf(status).includes(recordingStatus(summary))) &&
      (stream === undefined || summary.job.stream.name === stream) &&
      (piece === undefined || searched(summary.job.stream.name).includes(piece)) &&
      (mediaSessionId === undefined || summary.job.mediaSessionId === mediaSessionId) &&
      (tag === undefined || hasTag(summary.job.settings.tags, tag)),
  });
  const { fileLinks, landing } = setup();
  const pictures = new PictureLinks(await fileLinks.from(origin, Date.now()), landing);
  return {
    status: 200,
    body: {
      recordings: page.recordings.map((summary) => summaryView(summary, pictures.ofSummary(summary))),
      nextToken: page.nextToken,
    },
  };
}

const statusesOf = (wanted: RecordingStatus | 'active'): readonly RecordingStatus[] =>
  wanted === 'active' ? [...ACTIVE_STATUSES] : [wanted];

/** As people search for names: in capitals or not, and however a letter is made up. */
const searched = (text: string): string => text.normalize('NFKC').toLowerCase();

/** @param wanted a tag's name, or `name=value`; either may hold a `=` */
function hasTag(tags: Readonly<Record<string, string>>, wanted: string): boolean {
  return Object.entries(tags).some(([name, value]) => name === wanted || `${name}=${value}` === wanted);
}

/**
 * → 200, the recording with its parts and links; 304 for the ETag that the caller has. With `waitFor` as soon as that is
 * so, or when `timeout` seconds are over.
 */
async function show(request: HttpRequest): Promise<HttpAnswer> {
  const { waitFor, timeout, nextToken } = parseInput(getRecordingQuery, request.query);
  if (waitFor !== undefined)
    await awaitIt(request, waitFor, timeout === undefined ? WAIT_MS : Number(timeout) * 1_000);
  const objects = await found(request);
  const page = partsPage(objects, nextToken);
  // Links differ each time and say nothing about the recording.
  const { hasLatestPicture } = objects;
  const posters = [...objects.parts].filter(([, { hasPoster }]) => hasPoster).map(([part]) => part);
  const etag = etagOf([recordingView(objects, new Map(), { page }), hasLatestPicture, posters]);
  if (isKnown(etag, request.headers['if-none-match'])) return { status: 304, headers: { etag } };
  const { playLinks, fileLinks, landing } = setup();
  const play = await playLinks.of(objects, request.origin, Date.now());
  const linkTo = await fileLinks.from(request.origin, Date.now());
  const links = linkParts(linkTo, objects, page.parts);
  const storyboards = await playLinks.storyboards(objects, request.origin, Date.now());
  const pictures = new PictureLinks(linkTo, landing).of(objects, page.parts, storyboards);
  return { status: 200, headers: { etag }, body: recordingView(objects, links, { play, pictures, page }) };
}

const wait = async (ms: number): Promise<void> => void (await delay(ms));

async function awaitIt({ path }: HttpRequest, awaited: Awaited, timeoutMs: number): Promise<void> {
  const recordingId = idIn(path);
  await waitForRecording({
    awaited,
    timeoutMs,
    look: () => readSummary(setup().ports.store, recordingId),
    nowMs: Date.now,
    sleep: wait,
  });
}

/** → 200 `{"recordingId","events":[…],"nextToken"?}`, in the order of time. */
async function tell(request: HttpRequest): Promise<HttpAnswer> {
  const { nextToken } = parseInput(getEventsQuery, request.query);
  const objects = await found(request);
  const { recordingId } = objects.job;
  return { status: 200, body: { recordingId, ...storyPage(recordingStory(objects), nextToken) } };
}

/** → 200 `{"recordingId","status"}` as soon as the stop is durable. */
async function stop({ path, requestId }: HttpRequest): Promise<HttpAnswer> {
  const recordingId = idIn(path);
  const { ports } = setup();
  const result = await stopRecordingById(ports, recordingId, { by: `request ${requestId}` });
  logger.info('recording stop asked', { ...result });
  return { status: 200, body: { recordingId, status: await statusNow(ports.store, recordingId) } };
}

/** → 202 `{"recordingId","sequence"}`: a new part begins at the next keyframe after the recorder has seen it. */
async function rotate({ path }: HttpRequest): Promise<HttpAnswer> {
  const recordingId = idIn(path);
  const { ports } = setup();
  const sequence = await rotateRecording(ports, recordingId);
  await ports.nudge(recordingId);
  logger.info('rotation asked', { sequence });
  return { status: 202, body: { recordingId, sequence } };
}

/**
 * `?records=true` deletes its records in the library too → 200 `{"recordingId","deletedRecords","deletedClips",
 * "remainingParts"}`; 202 where there were more than there was time for: the same request goes on.
 */
async function remove({ path, query }: HttpRequest): Promise<HttpAnswer> {
  const { records } = parseInput(deleteRecordingQuery, query);
  const recordingId = idIn(path);
  const { s3, ports } = setup();
  const untilMs = Date.now() + DELETE_MS;
  const deletion = await deleteRecording({ s3, store: ports.store }, recordingId, {
    records: records === 'true',
    hasTime: () => Date.now() < untilMs,
  });
  logger.info('recording deleted', { ...deletion });
  const goesOn = deletion.remainingParts > 0;
  return {
    status: goesOn ? 202 : 200,
    ...(goesOn ? { headers: { 'retry-after': '1' } } : {}),
    body: { recordingId, ...deletion },
  };
}

/** `{streamName, …}` → 200, the names that a record would get, and what was changed. */
async function preview({ body }: HttpRequest): Promise<HttpAnswer> {
  const { defaults, limits } = setup();
  return { status: 200, body: previewedNames(parseInput(previewNameBody, body), defaults, limits) };
}

/** @throws RecorderError recording_not_found, also for what can be no id */
function idIn(path: HttpRequest['path']): string {
  const { recordingId } = parseInput(recordingPath, path);
  logger.appendKeys({ recordingId });
  if (!isRecordingId(recordingId)) throw notFound();
  return recordingId;
}

async function found({ path }: HttpRequest): Promise<RecordingObjects> {
  const objects = await readRecording(setup().ports.store, idIn(path));
  if (objects === undefined) throw notFound();
  return objects;
}

function notFound(): RecorderError {
  return new RecorderError('recording_not_found', 'There is no recording with this id.', {
    field: 'recordingId',
  });
}
