import type { S3Client } from '@aws-sdk/client-s3';
import { nudgeHosts } from '../aws/hosts.ts';
import { abortUpload } from '../aws/multipartUpload.ts';
import type { MessageQueue } from '../aws/queues.ts';
import { removeVersions } from '../aws/removeObjects.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import { type Clip, clipAsk, clipSchema } from '../core/clips/clip.ts';
import { joinId, keyedClipId } from '../core/clips/clipId.ts';
import { clipKey, clipMarkerKey, clipsPrefix } from '../core/clips/keys.ts';
import { piecesOf, placedParts } from '../core/clips/placedParts.ts';
import { type ClipTime, clipSpan, joinSpan } from '../core/clips/request.ts';
import { rotateRecording } from '../core/protocol/rotate.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { isRecordingId, newRecordingId } from '../core/state/ids.ts';
import { removeClip } from './removing.ts';

export interface ClipPorts {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly queue: MessageQueue;
}

export interface ClipRequest {
  readonly from: ClipTime;
  readonly to: ClipTime;
  readonly name?: string;
  /** A part that is still recorded ends now. */
  readonly rotate?: boolean;
}

export interface AskedBy {
  readonly requestId: string;
  readonly nowMs: number;
  readonly random: Uint8Array;
  /** The same request with the same key makes one clip. */
  readonly idempotencyKey?: string;
}

/**
 * Notes that a clip is wanted, and asks for it.
 * @returns the clip, and whether it was asked for before with the same key
 * @throws RecorderError invalid_request, clip_not_possible, idempotency_key_reused, session_busy
 */
export async function askForClip(
  { store, queue }: ClipPorts,
  objects: RecordingObjects,
  wanted: ClipRequest,
  by: AskedBy,
): Promise<{ readonly clip: Clip; readonly isKnown: boolean }> {
  const { recordingId } = objects.job;
  const span = clipSpan(objects, wanted, by.nowMs);
  const asked = await ask(
    { store, queue },
    {
      clipId: clipIdOf(recordingId, by),
      recordingId,
      requestedAtMs: by.nowMs,
      requestId: by.requestId,
      kind: 'clip',
      ...span,
      ...(wanted.name === undefined ? {} : { name: wanted.name }),
      status: 'processing',
    },
  );
  if (wanted.rotate === true && !asked.isKnown) await endRunning(store, objects, span);
  return asked;
}

/** A part that is still recorded, and that the clip reaches into, ends now: so its record comes soon. */
async function endRunning(
  store: StateStore,
  objects: RecordingObjects,
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const { recordingId } = objects.job;
  if (!piecesOf(placedParts(objects), span).some(({ part }) => part.endMs === undefined)) return;
  try {
    await rotateRecording({ store, clock: { nowMs: Date.now } }, recordingId);
    await nudgeHosts(store, recordingId);
  } catch (error) {
    // It ends by itself.
    if (!(error instanceof RecorderError) || error.code !== 'recording_ended') throw error;
  }
}

/**
 * Asks for all parts as one file; asked again, it is the same.
 * @throws RecorderError recording_active, clip_not_possible
 */
export async function askForJoin(
  ports: Pick<ClipPorts, 'store' | 'queue'>,
  objects: RecordingObjects,
  { requestId, nowMs }: Pick<AskedBy, 'requestId' | 'nowMs'>,
): Promise<{ readonly clip: Clip; readonly isKnown: boolean }> {
  const { recordingId } = objects.job;
  const span = joinSpan(objects);
  const clipId = joinId(recordingId, span.fromMs);
  const asked = { clipId, recordingId, requestedAtMs: nowMs, requestId, kind: 'join' } as const;
  return ask(ports, { ...asked, ...span, status: 'processing' });
}

async function ask(
  { store, queue }: Pick<ClipPorts, 'store' | 'queue'>,
  clip: Clip,
): Promise<{ readonly clip: Clip; readonly isKnown: boolean }> {
  const { recordingId } = clip;
  const key = clipKey(recordingId, clip.clipId);
  // The marker first: reconcile finds what was noted and not asked for.
  await store.create(clipMarkerKey(recordingId, clip.clipId), { recordingId, clipId: clip.clipId });
  await store.create(key, clip);
  const known = (await store.read(key, clipSchema))?.value ?? clip;
  if (clip.kind === 'clip' && known.requestId !== clip.requestId && !isSame(known, clip))
    throw new RecorderError('idempotency_key_reused', 'The Idempotency-Key was used for another clip.', {
      field: 'Idempotency-Key',
    });
  await queue.send(clipAsk(recordingId, clip.clipId));
  return { clip: known, isKnown: known.requestId !== clip.requestId };
}

function clipIdOf(recordingId: string, { nowMs, random, idempotencyKey }: AskedBy): string {
  return idempotencyKey === undefined
    ? newRecordingId(nowMs, random)
    : keyedClipId(recordingId, idempotencyKey);
}

function isSame(one: Clip, other: Clip): boolean {
  return one.fromMs === other.fromMs && one.toMs === other.toMs && one.name === other.name;
}

/** A page of a recording's clips, in the order in which they were asked for. @throws RecorderError invalid_request */
export async function listClips(
  { store }: Pick<ClipPorts, 'store'>,
  recordingId: string,
  { limit, nextToken }: { readonly limit: number; readonly nextToken?: string | undefined },
): Promise<{ readonly clips: readonly Clip[]; readonly nextToken?: string }> {
  const prefix = clipsPrefix(recordingId);
  const after = nextToken === undefined ? {} : { after: keyOfToken(nextToken, prefix) };
  const page = await store.listPage(prefix, { ...after, max: limit });
  const read = await Promise.all(page.entries.map(({ key }) => store.read(key, clipSchema)));
  const last = page.entries.at(-1)?.key;
  return {
    clips: read.flatMap((one) => (one === undefined ? [] : [one.value])),
    ...(page.hasMore && last !== undefined ? { nextToken: pageToken(last) } : {}),
  };
}

/** @throws RecorderError clip_not_found */
export async function readClip(store: StateStore, recordingId: string, clipId: string): Promise<Clip> {
  return (await keptClip(store, recordingId, clipId)).value;
}

/**
 * Forgets a clip and deletes its object; what is being made is given up.
 * @throws RecorderError clip_not_found
 */
export async function deleteClip(
  { s3, store }: ClipPorts,
  recordingId: string,
  clipId: string,
): Promise<void> {
  for (;;) {
    const { value: clip, etag } = await keptClip(store, recordingId, clipId);
    if (clip.record !== undefined) await removeVersions(s3, clip.record.bucket, [clip.record]);
    // Whoever makes it changed it: look again.
    if (!(await store.remove(clipKey(recordingId, clipId), etag))) continue;
    if (clip.upload !== undefined) {
      await abortUpload(s3, clip.upload);
      // It may have been completed this moment.
      await removeClip(s3, clip.upload.bucket, clip.upload.key, clip);
    }
    await store.remove(clipMarkerKey(recordingId, clipId));
    return;
  }
}

async function keptClip(
  store: StateStore,
  recordingId: string,
  clipId: string,
): Promise<{ readonly value: Clip; readonly etag: string }> {
  const found = isRecordingId(clipId)
    ? await store.read(clipKey(recordingId, clipId), clipSchema)
    : undefined;
  if (found !== undefined) return found;
  throw new RecorderError('clip_not_found', 'The recording has no clip with this id.', { field: 'clipId' });
}
