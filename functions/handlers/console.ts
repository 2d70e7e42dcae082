import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { once } from '../aws/once.ts';
import { consoleFile, consoleHeaders } from '../core/api/consoleFiles.ts';
import { errorBody, RecorderError } from '../core/api/errors.ts';

const setUp = once(() => readEnv(['CONSOLE_FOLDER', 'CONSOLE_MEDIA_ORIGINS']));

/** Serves the console's files. It shows nothing: what the page shows it asks the API for, as any caller. */
export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { CONSOLE_FOLDER, CONSOLE_MEDIA_ORIGINS } = setUp();
  const file = consoleFile(event.rawPath);
  if (file === undefined) {
    const refusal = new RecorderError('route_not_found', 'There is no such file.', { field: 'path' });
    const { status, body } = errorBody(refusal, context.awsRequestId);
    return {
      statusCode: status,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: JSON.stringify(body),
    };
  }
  return {
    statusCode: 200,
    headers: { 'content-type': file.contentType, ...consoleHeaders(CONSOLE_MEDIA_ORIGINS) },
    body: await readFile(path.resolve(CONSOLE_FOLDER, file.name), 'utf8'),
  };
}
