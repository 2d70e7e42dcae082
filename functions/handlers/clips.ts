import { randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import { askForClip, askForJoin, type ClipPorts, deleteClip, listClips, readClip } from '../clips/asking.ts';
import { clipView } from '../core/api/clipView.ts';
import { RecorderError } from '../core/api/errors.ts';
import { etagOf, isKnown } from '../core/api/etag.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import {
  clipPath,
  createClipBody,
  idempotencyHeader,
  listClipsQuery,
  recordingPath,
} from '../core/api/schemas.ts';
import { parseInput } from '../core/api/validation.ts';
import type { Clip } from '../core/clips/clip.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { isRecordingId } from '../core/state/ids.ts';
import { FileLinks, linkRecord } from '../recordings/links.ts';
import { readRecording } from '../recordings/read.ts';

const setup = once((): ClipPorts & { readonly links: FileLinks } => {
  const s3 = new S3Client();
  const env = readEnv(['LANDING_BUCKET', 'CLIPS_QUEUE_URL', 'PLAYBACK_KEY_SECRET_ARN']);
  return {
    s3,
    store: new StateStore(s3, env.LANDING_BUCKET),
    queue: new MessageQueue(new SQSClient(), env.CLIPS_QUEUE_URL),
    links: new FileLinks(env.PLAYBACK_KEY_SECRET_ARN),
  };
});

const DEFAULT_LIMIT = 20;

/** The clips of a recording. */
export const handler = httpRouter<RouteKeyOf<'clips'>>({
  'POST /recordings/{recordingId}/clips': { body: 'json', run: create },
  'POST /recordings/{recordingId}/join': { body: 'none', run: join },
  'GET /recordings/{recordingId}/clips': { body: 'none', run: list },
  'GET /recordings/{recordingId}/clips/{clipId}': { body: 'none', run: show },
  'DELETE /recordings/{recordingId}/clips/{clipId}': { body: 'none', run: remove },
});

/** → 201 with `Location`; 200 where the Idempotency-Key was used before. It is made in the background. */
async function create({ path, body, headers, requestId, origin }: HttpRequest): Promise<HttpAnswer> {
  const wanted = parseInput(createClipBody, body);
  const key = headers['idempotency-key'];
  const idempotencyKey =
    key === undefined ? undefined : parseInput(idempotencyHeader, key, 'Idempotency-Key');
  const objects = await recordingOf(path);
  const { clip, isKnown } = await askForClip(setup(), objects, wanted, {
    requestId,
    nowMs: Date.now(),
    random: randomBytes(16),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return asked(clip, isKnown, origin);
}

/** → 201 with `Location`; 200 where it was asked for before. */
async function join({ path, requestId, origin }: HttpRequest): Promise<HttpAnswer> {
  const objects = await recordingOf(path);
  const { clip, isKnown } = await askForJoin(setup(), objects, { requestId, nowMs: Date.now() });
  return asked(clip, isKnown, origin);
}

async function asked(clip: Clip, isKnown: boolean, origin: string): Promise<HttpAnswer> {
  const { clipId, kind, fromMs, toMs } = clip;
  logger.info('clip asked', { clipId, kind, fromMs, toMs, isKnown });
  return {
    status: isKnown ? 200 : 201,
    headers: { location: `/recordings/${clip.recordingId}/clips/${clip.clipId}` },
    body: await viewOf(clip, origin),
  };
}

/** → 200 `{"clips":[…],"nextToken"?}`, in the order in which they were asked for. */
async function list({ path, query, origin }: HttpRequest): Promise<HttpAnswer> {
  const { limit, nextToken } = parseInput(listClipsQuery, query);
  const { job } = await recordingOf(path);
  const page = await listClips(setup(), job.recordingId, {
    limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
    nextToken,
  });
  return {
    status: 200,
    body: {
      clips: await Promise.all(page.clips.map((clip) => viewOf(clip, origin))),
      nextToken: page.nextToken,
    },
  };
}

/** → 200, the clip with its links; 304 for the ETag that the caller has. */
async function show({ path, headers, origin }: HttpRequest): Promise<HttpAnswer> {
  const { recordingId, clipId } = idsIn(path);
  const clip = await readClip(setup().store, recordingId, clipId);
  // Links differ each time and say nothing about the clip.
  const etag = etagOf(clipView(clip, undefined));
  if (isKnown(etag, headers['if-none-match'])) return { status: 304, headers: { etag } };
  return { status: 200, headers: { etag }, body: await viewOf(clip, origin) };
}

/** Its object in the library goes too → 200 `{"recordingId","clipId"}`. */
async function remove({ path }: HttpRequest): Promise<HttpAnswer> {
  const { recordingId, clipId } = idsIn(path);
  await deleteClip(setup(), recordingId, clipId);
  logger.info('clip deleted');
  return { status: 200, body: { recordingId, clipId } };
}

async function viewOf(clip: Clip, origin: string): Promise<Record<string, unknown>> {
  if (clip.record === undefined) return clipView(clip, undefined);
  return clipView(clip, linkRecord(await setup().links.from(origin, Date.now()), clip.record));
}

function idsIn(path: HttpRequest['path']): { readonly recordingId: string; readonly clipId: string } {
  const { recordingId, clipId } = parseInput(clipPath, path);
  logger.appendKeys({ recordingId, clipId });
  if (!isRecordingId(recordingId)) throw notFound();
  return { recordingId, clipId };
}

/** @throws RecorderError recording_not_found, also for what can be no id */
async function recordingOf(path: HttpRequest['path']): Promise<RecordingObjects> {
  const { recordingId } = parseInput(recordingPath, path);
  logger.appendKeys({ recordingId });
  const objects = isRecordingId(recordingId) ? await readRecording(setup().store, recordingId) : undefined;
  if (objects === undefined) throw notFound();
  return objects;
}

function notFound(): RecorderError {
  return new RecorderError('recording_not_found', 'There is no recording with this id.', {
    field: 'recordingId',
  });
}
