import { gzipSync } from 'node:zlib';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { type HttpAnswer, type HttpRequest, httpRouter } from '../aws/http.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { signRange } from '../aws/rangeLinks.ts';
import { signFile } from '../aws/signedFile.ts';
import { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import type { RouteKeyOf } from '../core/api/routes.ts';
import { LIVE_PLAYLIST, STREAM_PLAYLIST } from '../core/playback/livePlaylist.ts';
import { readStoryboardName } from '../core/playback/storyboardNames.ts';
import { readName, VOD_PLAYLIST } from '../core/playback/vodPlaylist.ts';
import { partKey } from '../core/state/keys.ts';
import { type MovedPart, movedPartSchema } from '../core/state/partObjects.ts';
import { LivePlaying } from '../playback/live.ts';
import { readStoryboard } from '../playback/storyboard.ts';
import { readInit, readVodPlaylist } from '../playback/vod.ts';
import { FileLinks } from '../recordings/links.ts';
import { PlayLinks } from '../recordings/playLinks.ts';

const setup = once(() => {
  const s3 = new S3Client();
  const env = readEnv(['LANDING_BUCKET', 'PLAYBACK_KEY_SECRET_ARN']);
  return {
    s3,
    store: new StateStore(s3, env.LANDING_BUCKET),
    links: new PlayLinks(env.PLAYBACK_KEY_SECRET_ARN),
    files: new FileLinks(env.PLAYBACK_KEY_SECRET_ARN),
    live: new LivePlaying({ s3, store: new StateStore(s3, env.LANDING_BUCKET), nowMs: Date.now }),
  };
});

/** A segment's address is asked for again after so long; where it leads is good for longer. */
const REDIRECT_KEPT_SECONDS = 300;
const PRESIGNED_SECONDS = 3600;
/** Of a link to a file that is about to end: enough for whoever follows. */
const FOLLOWED_WITHIN_SECONDS = 60;
const HLS = 'application/vnd.apple.mpegurl';
const VOD = { type: HLS, keptSeconds: 60 };
const LIVE = { type: HLS, keptSeconds: 1 };
const THUMBNAILS = { type: 'text/vtt; charset=utf-8', keptSeconds: 60 };
/** The same bytes for as long as there is the recording. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** As the buckets say it, to which it leads. */
const MAY_ASK = {
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': 'range',
  'access-control-max-age': '3600',
};

const routes = httpRouter<RouteKeyOf<'play'>>({
  'GET /play/{token}/{file}': { body: 'none', run: play },
  // The same answer: what carries it leaves the body out, and keeps its length.
  'HEAD /play/{token}/{file}': { body: 'none', run: play },
  'OPTIONS /play/{token}/{file}': { body: 'none', run: mayAsk },
  'GET /files/{token}/{file}': { body: 'none', run: leadToFile },
  'HEAD /files/{token}/{file}': { body: 'none', run: leadToFile },
  'OPTIONS /files/{token}/{file}': { body: 'none', run: mayAsk },
});

/** Plays a recording, or hands out a file, for whoever has its link, in a page of any origin. */
export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  const answer = await routes(event, context);
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    },
  };
}

/** → 204, whatever the link: the answer says nothing of it. */
async function mayAsk(): Promise<HttpAnswer> {
  return { status: 204, headers: MAY_ASK };
}

/** → 302 to the one object that the link is for, signed for this method and for what is left of the link. */
async function leadToFile({ path, method }: HttpRequest): Promise<HttpAnswer> {
  const { s3, files } = setup();
  const nowMs = Date.now();
  const found = await files.read(path.token ?? '', nowMs);
  if (found === undefined) throw refused();
  const leftSeconds = Math.ceil((found.expiresAtMs - nowMs) / 1000);
  const location = await signFile(s3, found.file, {
    expiresInSeconds: Math.max(FOLLOWED_WITHIN_SECONDS, leftSeconds),
    isHead: method === 'HEAD',
  });
  // A picture stands in a page that is drawn again and again; whoever asks for a record again is led there anew.
  return found.file.as === 'picture' ? redirect(location, REDIRECT_KEPT_SECONDS) : redirect(location);
}

/** @param keptSeconds by who is led there; not at all by default */
function redirect(location: string, keptSeconds?: number): HttpAnswer {
  const kept = keptSeconds === undefined ? 'no-store' : `private, max-age=${keptSeconds}`;
  return { status: 302, headers: { location, 'cache-control': kept } };
}

/** → 200, a list or an init segment; 302 to a record, or to the one range of a journal, of which the player asks. */
async function play({ path, headers, method }: HttpRequest): Promise<HttpAnswer> {
  const { token = '', file = '' } = path;
  const { s3, store, links, live } = setup();
  const recordingId = await links.recordingOf(token, Date.now());
  if (recordingId === undefined) throw refused();
  logger.appendKeys({ recordingId });
  const encoding = headers['accept-encoding'] ?? '';
  if (file === VOD_PLAYLIST) return text(await readVodPlaylist(store, recordingId), encoding, VOD);
  if (file === LIVE_PLAYLIST) return text(await live.list(recordingId), encoding, LIVE);
  if (file === STREAM_PLAYLIST) return text(await live.stream(recordingId), encoding, LIVE);
  const pictures = readStoryboardName(file);
  if (pictures?.kind === 'list')
    return text(await readStoryboard(store, recordingId, pictures.part), encoding, THUMBNAILS);
  const sprite = pictures?.part === undefined ? undefined : { part: pictures.part, kind: 'sprite' as const };
  const name = sprite ?? readName(file);
  if (name?.kind === 'init') {
    return {
      status: 200,
      headers: { 'content-type': 'video/mp4', 'cache-control': FOR_EVER },
      bytes: await readInit(store, recordingId, name.part),
    };
  }
  // S3 signs a method with the link, and whoever follows keeps to the one that was asked with.
  const isHead = method === 'HEAD';
  const location =
    name === undefined
      ? await signRange(s3, await live.segment(recordingId, file), {
          expiresInSeconds: PRESIGNED_SECONDS,
          isHead,
        })
      : await presigned(recordingId, name.part, { isHead, isSprite: name.kind === 'sprite' });
  return redirect(location, REDIRECT_KEPT_SECONDS);
}

/** A day has a list of 790 KB; five times less for who takes it compressed. */
function text(
  list: string,
  acceptEncoding: string,
  { type, keptSeconds }: { readonly type: string; readonly keptSeconds: number },
): HttpAnswer {
  const headers = {
    'content-type': type,
    'cache-control': `private, max-age=${keptSeconds}`,
    vary: 'accept-encoding',
  };
  const plain = Buffer.from(list);
  return /\bgzip\b/.test(acceptEncoding)
    ? { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, bytes: gzipSync(plain) }
    : { status: 200, headers, bytes: plain };
}

/** What was moved stays where it is: a warm function remembers it. */
const moves = new Map<string, MovedPart>();
const MOVES_MAX = 1_000;

/** A link to a record, or, where `isSprite`, to its image of small pictures. */
async function presigned(
  recordingId: string,
  part: number,
  { isHead, isSprite }: { readonly isHead: boolean; readonly isSprite: boolean },
): Promise<string> {
  const { s3, store } = setup();
  const key = partKey(recordingId, part, 'moved');
  const moved = moves.get(key) ?? (await store.read(key, movedPartSchema))?.value;
  if (moved === undefined) throw new RecorderError('recording_not_found', 'There is no such part.');
  if (moves.size >= MOVES_MAX) moves.clear();
  moves.set(key, moved);
  const object = isSprite ? moved.pictures?.storyboard?.sprite : moved;
  if (object === undefined) throw new RecorderError('recording_not_found', 'There is no such picture.');
  const where = { Bucket: moved.bucket, Key: object.key, VersionId: object.versionId };
  if (isHead) return getSignedUrl(s3, new HeadObjectCommand(where), { expiresIn: PRESIGNED_SECONDS });
  const command = new GetObjectCommand({
    ...where,
    // Of many ranges behind one address a browser that keeps some asks for the others in another way (If-Range).
    ...(isSprite ? {} : { ResponseCacheControl: 'no-store' }),
  });
  return getSignedUrl(s3, command, { expiresIn: PRESIGNED_SECONDS });
}

/** Says the same of every link that is not good. */
function refused(): RecorderError {
  return new RecorderError(
    'link_refused',
    'This link is not good, or not any more: the API gives another one where this one was from.',
  );
}
