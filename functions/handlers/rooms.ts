import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { once } from '../aws/once.ts';
import { StateStore } from '../aws/stateStore.ts';
import { etagOf } from '../core/api/etag.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import { listRoomsQuery, roomPath, roomQuery } from '../core/api/schemas.ts';
import { parseInput } from '../core/api/validation.ts';
import { isoTime } from '../core/api/views.ts';
import { roomView } from '../core/rooms/timeline.ts';
import { listRooms, roomRecordings } from '../rooms/rooms.ts';

const setup = once(() => {
  const s3 = new S3Client();
  return { s3, store: new StateStore(s3, readEnv(['LANDING_BUCKET']).LANDING_BUCKET) };
});

const DEFAULT_LIMIT = '50';

/** Rooms, whose participants are recorded one by one, as resources. */
export const handler = httpRouter<RouteKeyOf<'rooms'>>({
  'GET /rooms': { body: 'none', run: list },
  'GET /rooms/{room+}': { body: 'none', run: show },
});

/** → 200 `{"rooms":[{"room","latestRecordingAt"}],"nextToken"?}`, by name. */
async function list({ query }: HttpRequest): Promise<HttpAnswer> {
  const { limit = DEFAULT_LIMIT, ...rest } = parseInput(listRoomsQuery, query);
  const { items, nextToken } = await listRooms(setup().store, { limit: Number(limit), ...rest });
  const rooms = items.map(({ room, latestAtMs }) => ({ room, latestRecordingAt: isoTime(latestAtMs) }));
  return { status: 200, body: { rooms, nextToken } };
}

/** → 200, the room's recordings on one timeline. */
async function show({ path, query }: HttpRequest): Promise<HttpAnswer> {
  const { room } = parseInput(roomPath, path);
  const { from, to, limit = DEFAULT_LIMIT, ...rest } = parseInput(roomQuery, query);
  const { items, nextToken } = await roomRecordings(setup(), {
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
