import type { APIGatewayRequestSimpleAuthorizerHandlerV2 } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { readSecret } from '../aws/secrets.ts';
import { credentialsSchema, isBasicFor } from '../core/auth/basic.ts';

/** API Gateway's question whether a caller may come in, by HTTP Basic. API Gateway keeps the answer for 5 minutes. */
export const handler: APIGatewayRequestSimpleAuthorizerHandlerV2 = async ({ headers }) => {
  const { BASIC_AUTH_SECRET_ARN } = readEnv(['BASIC_AUTH_SECRET_ARN']);
  const expected = await readSecret(BASIC_AUTH_SECRET_ARN, credentialsSchema);
  const isAuthorized = isBasicFor(headers?.authorization, expected);
  if (!isAuthorized) logger.info('caller refused');
  return { isAuthorized };
};
