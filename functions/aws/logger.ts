import { Logger } from '@aws-lambda-powertools/logger';

/**
 * JSON lines. Whoever learns which recording and media session it is about appends them as keys. Never given a source
 * URL that has not been through `redactUrl`.
 */
export const logger = new Logger({ serviceName: 'stream-recorder' });
