import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { once } from '../aws/once.ts';
import { consoleFile, consoleHeaders } from '../core/api/consoleFiles.ts';
import { CONSOLE_CONFIG_PATH, consoleConfig, signInOrigins } from '../core/api/consoleSignIn.ts';
import { errorBody, RecorderError } from '../core/api/errors.ts';
import { etagOf, isKnown } from '../core/api/etag.ts';

const setUp = once(() => readEnv(['CONSOLE_FOLDER', 'CONSOLE_MEDIA_ORIGINS', 'CONSOLE_SIGN_IN']));

interface Served {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly gzipped: string;
  readonly plain: string;
}
const served = new Map<string, Promise<Served>>();

/**
 * Serves the console's files, and what the page has to know to sign in. It shows nothing else: what the page shows it asks
 * the API for, as any caller. API Gateway compresses nothing, so this does.
 */
export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  const found = await servedAt(event.rawPath);
  if (found === undefined) {
    const refusal = new RecorderError('route_not_found', 'There is no such file.', { field: 'path' });
    const { status, body } = errorBody(refusal, context.awsRequestId);
    return {
      statusCode: status,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
      body: JSON.stringify(body),
    };
  }
  const headers = { ...found.headers, etag: found.etag, vary: 'accept-encoding' };
  if (isKnown(found.etag, event.headers['if-none-match'])) return { statusCode: 304, headers };
  const typed = { ...headers, 'content-type': found.contentType };
  return /\bgzip\b/.test(event.headers['accept-encoding'] ?? '')
    ? {
        statusCode: 200,
        headers: { ...typed, 'content-encoding': 'gzip' },
        body: found.gzipped,
        isBase64Encoded: true,
      }
    : { statusCode: 200, headers: typed, body: found.plain };
}

/** @returns undefined for a path that is none of the console's */
function servedAt(rawPath: string): Promise<Served> | undefined {
  const { CONSOLE_FOLDER, CONSOLE_MEDIA_ORIGINS, CONSOLE_SIGN_IN } = setUp();
  if (rawPath === CONSOLE_CONFIG_PATH) {
    return packed(rawPath, 'application/json; charset=utf-8', { 'cache-control': 'no-cache' }, async () =>
      JSON.stringify(consoleConfig(CONSOLE_SIGN_IN)),
    );
  }
  const file = consoleFile(rawPath);
  return (
    file &&
    packed(
      file.name,
      file.contentType,
      consoleHeaders(CONSOLE_MEDIA_ORIGINS, signInOrigins(CONSOLE_SIGN_IN)),
      () => readFile(path.resolve(CONSOLE_FOLDER, file.name), 'utf8'),
    )
  );
}

/** Read and compressed once: a deployment has one state of each. */
function packed(
  key: string,
  contentType: string,
  headers: Readonly<Record<string, string>>,
  read: () => Promise<string>,
): Promise<Served> {
  const pack = async (): Promise<Served> => {
    const plain = await read();
    const gzipped = (await promisify(gzip)(plain)).toString('base64');
    return { contentType, headers, plain, gzipped, etag: etagOf(plain) };
  };
  const found = served.get(key) ?? pack();
  served.set(key, found);
  return found;
}
