import { StateCorruptError, uploadIsGone } from '../../functions/aws/stateStore.ts';
import { MediaError } from '../../functions/core/media/types.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { SpoolFullError } from '../upload/spool.ts';
import { UnreadableError } from '../upload/uploader.ts';

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
  if (isOfStorage(error)) return { code: 'storage_failed', message: 'The record could not be stored.' };
  return { code: 'recorder_failed', message: 'The recorder has a defect; its log says where it failed.' };
}

/** Said by S3, by the SDK of whatever S3 answered, by the network or by the disk; what is said by our code is a defect. */
function isOfStorage(error: unknown): boolean {
  if (error instanceof UnreadableError || error instanceof StateCorruptError) return true;
  if (!(error instanceof Error)) return false;
  if ('$metadata' in error || error.name === 'TimeoutError' || error.name === 'AbortError') return true;
  // ECONNRESET, ENOSPC; Node's own ERR_… are of a call that was wrong.
  return 'code' in error && /^E(?!RR_)[A-Z0-9_]+$/.test(String(error.code));
}
