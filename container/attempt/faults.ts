import { uploadIsGone } from '../../functions/aws/stateStore.ts';
import { MediaError } from '../../functions/core/media/types.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { SpoolFullError } from '../upload/spool.ts';

/** Another task has this attempt, or completed its upload. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** What a fault in the middle of a recording means to those who wait for the record. */
export function reasonOfFault(error: unknown): Reason {
  if (error instanceof SupersededError || uploadIsGone(error)) {
    return { code: 'superseded', message: 'Another task took over this attempt.' };
  }
  if (error instanceof SpoolFullError) {
    return { code: 'spool_full', message: 'S3 was away for longer than the disk could bridge.' };
  }
  if (error instanceof MediaError) {
    return { code: 'source_failed', message: 'What the source sends could not be put into a file.' };
  }
  return { code: 'storage_failed', message: 'The record could not be stored.' };
}
