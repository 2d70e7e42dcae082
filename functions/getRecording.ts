import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { readRecording } from './aws/recordings.ts';
import { StateStore } from './aws/stateStore.ts';
import { recordingPath } from './core/api/schemas.ts';
import { type RecordLink, recordingView } from './core/api/views.ts';
import { RecorderError } from './core/errors.ts';
import { isRecordingId } from './core/ids.ts';
import type { RecordingObjects } from './core/state/fold.ts';
import { parseInput } from './core/validation.ts';

const LINK_EXPIRES_SECONDS = 3600;

const setup = once(() => {
  const s3 = new S3Client();
  return { s3, store: new StateStore(s3, readEnv(['LANDING_BUCKET']).LANDING_BUCKET) };
});

/** GET /recordings/{recordingId} → 200, the recording with its parts and links to download them. */
export const handler = httpHandler(
  async ({ path }) => {
    const { recordingId } = parseInput(recordingPath, path);
    logger.appendKeys({ recordingId });
    const { s3, store } = setup();
    const objects = isRecordingId(recordingId) ? await readRecording(store, recordingId) : undefined;
    if (objects === undefined) {
      throw new RecorderError('recording_not_found', 'There is no recording with this id.', {
        field: 'recordingId',
      });
    }
    return { status: 200, body: recordingView(objects, await presignParts(s3, objects)) };
  },
  { body: 'none' },
);

/** Signing is arithmetic: no request is made for a link. */
async function presignParts(s3: S3Client, objects: RecordingObjects): Promise<Map<number, RecordLink>> {
  const links = new Map<number, RecordLink>();
  for (const [part, { moved }] of objects.parts) {
    if (moved === undefined) continue;
    const command = new GetObjectCommand({
      Bucket: moved.bucket,
      Key: moved.key,
      VersionId: moved.versionId,
    });
    const url = await getSignedUrl(s3, command, { expiresIn: LINK_EXPIRES_SECONDS });
    links.set(part, { url, expiresInSeconds: LINK_EXPIRES_SECONDS });
  }
  return links;
}
