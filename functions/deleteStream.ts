import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { StateStore } from './aws/stateStore.ts';
import { mediaSessionPath } from './core/api/schemas.ts';
import { streamView } from './core/api/views.ts';
import { RecorderError } from './core/errors.ts';
import { announceStream } from './core/protocol/announce.ts';
import { parseInput } from './core/validation.ts';

const setup = once(() => new StateStore(new S3Client(), readEnv(['LANDING_BUCKET']).LANDING_BUCKET));

/**
 * DELETE /streams/{mediaSessionId}: the stream is no longer published → 200, the stream. The session stays in the
 * registry as UNPUBLISHED, so that a late announcement of it cannot bring it back.
 */
export const handler = httpHandler(
  async ({ path }) => {
    const { mediaSessionId } = parseInput(mediaSessionPath, path);
    logger.appendKeys({ mediaSessionId });
    const session = await announceStream(setup(), mediaSessionId, (known) => {
      if (known === undefined) {
        throw new RecorderError('session_not_found', 'No stream with this mediaSessionId is known.', {
          field: 'mediaSessionId',
        });
      }
      // The media server's clock may be ahead of ours: what it says last still counts.
      return { ...known, status: 'UNPUBLISHED', eventAtMs: Math.max(Date.now(), known.eventAtMs) };
    });
    logger.info('stream unpublished');
    return { status: 200, body: streamView(session) };
  },
  { body: 'none' },
);
