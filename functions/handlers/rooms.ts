import { randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { etagOf } from '../core/api/etag.ts';
import { listMergesQuery, mergePath, mergeRoomBody } from '../core/api/mergeSchemas.ts';
import { mergeSummary, mergeView } from '../core/api/mergeView.ts';
import { MERGE_SUFFIX, type RouteKeyOf } from '../core/api/routes.ts';
import { idempotencyHeader, listRoomsQuery, roomPath, roomQuery } from '../core/api/schemas.ts';
import { parseInput } from '../core/api/validation.ts';
import { isoTime } from '../core/api/views.ts';
import { mergeStatus } from '../core/rooms/merge.ts';
import { roomView } from '../core/rooms/timeline.ts';
import { FileLinks } from '../recordings/links.ts';
import { askForMerge, cancelMerge } from '../rooms/mergeAsking.ts';
import { knownMerge, listMerges } from '../rooms/mergeReading.ts';
import { listRooms, roomRecordings } from '../rooms/rooms.ts';

const setup = once(() => {
  const s3 = new S3Client();
  const env = readEnv(['LANDING_BUCKET', 'CLIPS_QUEUE_URL', 'RECORDING_DEFAULTS', 'PLAYBACK_KEY_SECRET_ARN']);
  return {
    store: new StateStore(s3, env.LANDING_BUCKET),
    queue: new MessageQueue(new SQSClient(), env.CLIPS_QUEUE_URL),
    settings: env.RECORDING_DEFAULTS,
    links: new FileLinks(env.PLAYBACK_KEY_SECRET_ARN),
  };
});

const DEFAULT_LIMIT = '50';

/** Rooms, whose participants are recorded one by one, and what they are merged into, as resources. */
export const handler = httpRouter<RouteKeyOf<'rooms'>>({
  'GET /rooms': { body: 'none', run: list },
  'GET /rooms/{room+}': { body: 'none', run: show },
  'POST /rooms/{room+}': { body: 'json', run: merge },
  'GET /merges': { body: 'none', run: merges },
  'GET /merges/{mergeId}': { body: 'none', run: showMerge },
  'DELETE /merges/{mergeId}': { body: 'none', run: cancel },
});

/** → 200 `{"rooms":[{"room","latestRecordingAt"}],"nextToken"?}`, by name. */
async function list({ query }: HttpRequest): Promise<HttpAnswer> {
  const { limit = DEFAULT_LIMIT, ...rest } = parseInput(listRoomsQuery, query);
  const { items, nextToken } = await listRooms(setup().store, { limit: Number(limit), ...rest });
  const rooms = items.map(({ room, latestAtMs }) => ({ room, latestRecordingAt: isoTime(latestAtMs) }));
  return { status: 200, body: { rooms, nextToken } };
}

/** → 200, the room's recordings on one timeline. */
async function show({ path, query, origin }: HttpRequest): Promise<HttpAnswer> {
  const { room } = parseInput(roomPath, path);
  const { from, to, limit = DEFAULT_LIMIT, ...rest } = parseInput(roomQuery, query);
  const { store, links } = setup();
  const { items, nextToken } = await roomRecordings(store, await links.from(origin, Date.now()), {
    room,
    fromMs: from === undefined ? 0 : Date.parse(from),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to),
    limit: Number(limit),
    ...rest,
  });
  // Links differ each time and say nothing about the recordings.
  const said = roomView(
    room,
    items.map(({ objects }) => ({ objects, links: new Map() })),
  );
  const etag = etagOf({ ...said, nextToken });
  return { status: 200, headers: { etag }, body: { ...roomView(room, items), nextToken } };
}

/** `POST /rooms/{room}/merge` → 201 with `Location`; 200 where the Idempotency-Key was used before. Made in the background. */
async function merge({ path, body, headers, requestId }: HttpRequest): Promise<HttpAnswer> {
  const asked = parseInput(roomPath, path).room;
  const room = asked.slice(0, -MERGE_SUFFIX.length);
  if (!asked.endsWith(MERGE_SUFFIX) || room === '')
    throw new RecorderError('route_not_found', 'There is no such route.', { field: 'path' });
  const key = headers['idempotency-key'];
  const { merge: found, isKnown } = await askForMerge(setup(), room, parseInput(mergeRoomBody, body), {
    requestId,
    nowMs: Date.now(),
    random: randomBytes(16),
    settings: setup().settings,
    ...(key === undefined ? {} : { idempotencyKey: parseInput(idempotencyHeader, key, 'Idempotency-Key') }),
  });
  const { mergeId, layout } = found.job;
  logger.info('merge asked', { mergeId, room, layout, isKnown });
  return {
    status: isKnown ? 200 : 201,
    headers: { location: `/merges/${mergeId}` },
    body: mergeView(found),
  };
}

/** → 200 `{"merges":[…],"nextToken"?}`, newest first. */
async function merges({ query }: HttpRequest): Promise<HttpAnswer> {
  const { limit = DEFAULT_LIMIT, ...rest } = parseInput(listMergesQuery, query);
  const page = await listMerges(setup().store, { limit: Number(limit), ...rest });
  return { status: 200, body: { merges: page.merges.map(mergeSummary), nextToken: page.nextToken } };
}

/** → 200, the merge; 304 for the ETag that the caller has. */
async function showMerge({ path }: HttpRequest): Promise<HttpAnswer> {
  return { status: 200, body: mergeView(await knownMerge(setup().store, mergeIn(path))) };
}

/** → 200, the merge as it stands now: `canceling` until what was made of it is gone. */
async function cancel({ path, requestId }: HttpRequest): Promise<HttpAnswer> {
  const merge = await cancelMerge(setup(), mergeIn(path), { requestId, nowMs: Date.now() });
  logger.info('merge given up', { status: mergeStatus(merge) });
  return { status: 200, body: mergeView(merge) };
}

function mergeIn(path: HttpRequest['path']): string {
  const { mergeId } = parseInput(mergePath, path);
  logger.appendKeys({ mergeId });
  return mergeId;
}
