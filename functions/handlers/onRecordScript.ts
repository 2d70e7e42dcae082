import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { EVENT_SCHEMAS, EVENT_TYPES } from '../core/events/published.ts';
import { scriptCall } from '../core/onRecord/scriptCall.ts';
import { downloadRecord, linkToRecord } from '../onRecord/recordFile.ts';
import { runScript } from '../onRecord/runScript.ts';

const setup = once(() => ({
  s3: new S3Client(),
  ...readEnv(['ON_RECORD_SCRIPT', 'SCRIPT_FILE_MAX_BYTES', 'SCRIPT_LARGER_RECORDS']),
}));

const eventSchema = z.object({ detail: EVENT_SCHEMAS[EVENT_TYPES.recordAvailable] });

/** Kept for what follows the script: its folder is removed, its end logged. */
const RESERVED_MS = 5_000;

/**
 * WCS's `on_record_hook_script`, for the event Record Available: `$1` stream name, `$2` the record as a file, which is
 * removed when the script has ended.
 * @throws what makes the event come again: another exit code than 0, no end in time, a record that does not fit
 */
export const handler = async (event: unknown, context: Context): Promise<void> => {
  const record = eventSchema.parse(event).detail;
  const { recordingId, mediaSessionId, part, key, bytes } = record;
  const log = logger.createChild();
  log.appendKeys({ recordingId, mediaSessionId, part, key });
  const { s3, ON_RECORD_SCRIPT, SCRIPT_FILE_MAX_BYTES, SCRIPT_LARGER_RECORDS } = setup();
  const folder = await mkdtemp(path.join(tmpdir(), 'record-'));
  try {
    const fits = bytes <= SCRIPT_FILE_MAX_BYTES;
    if (!fits && SCRIPT_LARGER_RECORDS === 'fail') {
      throw new Error(`the record has ${bytes} bytes, and there is room for ${SCRIPT_FILE_MAX_BYTES}`);
    }
    const source = fits ? await downloadRecord(s3, record, folder) : await linkToRecord(s3, record);
    const call = scriptCall(record, source);
    await runScript({
      script: ON_RECORD_SCRIPT,
      args: call.args,
      env: { ...call.env, PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: folder, TMPDIR: folder },
      folder,
      timeoutMs: context.getRemainingTimeInMillis() - RESERVED_MS,
      onLine: (output) => log.info('script', { output }),
    });
    log.info('the on-record script has ended', { exitCode: 0 });
  } catch (error) {
    log.error('the on-record script failed; the event comes again', error as Error);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
