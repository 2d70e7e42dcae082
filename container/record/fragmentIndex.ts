import { type Pieces, toBuffer } from '../../functions/core/media/pieces.ts';
import { fragmentIndexKey } from '../../functions/core/state/keys.ts';
import type { AttemptContext } from '../attempt/context.ts';

/** Before the record is there, so that whoever hears of it finds the index. Without one it is a record all the same. */
export async function writeFragmentIndex(
  { store, job, log }: Pick<AttemptContext, 'store' | 'job' | 'log'>,
  part: number,
  index: Pieces,
): Promise<void> {
  try {
    await store.overwriteBytes(fragmentIndexKey(job.recordingId, part), toBuffer(index));
  } catch (error) {
    log.warn('the part has no index of its fragments', { part, error: error as Error });
  }
}
