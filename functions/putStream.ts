import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { StateStore } from './aws/stateStore.ts';
import { announceBody, mediaSessionPath } from './core/api/schemas.ts';
import { streamView } from './core/api/views.ts';
import { announceStream } from './core/protocol/announce.ts';
import { parseSource } from './core/source.ts';
import { parseInput } from './core/validation.ts';

const setup = once(() => new StateStore(new S3Client(), readEnv(['LANDING_BUCKET']).LANDING_BUCKET));

/** PUT /streams/{mediaSessionId}: announces a stream, or its new state → 200, the stream. */
export const handler = httpHandler(
  async ({ body, path }) => {
    const { mediaSessionId } = parseInput(mediaSessionPath, path);
    logger.appendKeys({ mediaSessionId });
    const { eventAtMs = Date.now(), ...stream } = parseInput(announceBody, body);
    parseSource(stream.sourceUrl, 'sourceUrl');
    const session = await announceStream(setup(), mediaSessionId, () => ({
      ...stream,
      mediaSessionId,
      eventAtMs,
    }));
    logger.info('stream announced', { status: session.status });
    return { status: 200, body: streamView(session) };
  },
  { body: 'json' },
);
