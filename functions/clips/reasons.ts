import { isRefusal } from '../aws/refusals.ts';
import { isStatus } from '../aws/stateStore.ts';
import type { ClipReason } from '../core/clips/clip.ts';
import type { ClipPiece } from '../core/clips/placedParts.ts';
import { MediaError } from '../core/media/types.ts';
import { NotCuttable } from './cutting.ts';

/** Why a clip cannot be made, so that trying again is of no use; undefined where it is. */
export function reasonOf(error: unknown): ClipReason | undefined {
  if (error instanceof NotCuttable) return error.reason;
  if (error instanceof MediaError)
    return { code: 'index', message: `A record is not as its index says: ${error.message}.` };
  if (isStatus(error, 412) || isStatus(error, 404))
    return {
      code: 'record_gone',
      message: 'A record that it is made of is not in the library any more, or was replaced.',
    };
  return undefined;
}

/** S3 refuses a record, or the clip's place in the library; undefined for what passes by itself. */
export function refusalOf(error: unknown): ClipReason | undefined {
  if (!isRefusal(error)) return undefined;
  return {
    code: 'storage_refused',
    message: `S3 refuses to read a record of it, or to write it into the library (${error.name}).`,
  };
}

/** A move that failed comes again for hours; what has not come by then waits for somebody who sends it again. */
const NOT_MOVED_MS = 24 * 3_600_000;

/** @throws NotCuttable a part of them was finished long ago, and nothing brings it into the library by itself */
export function needMoving(pieces: readonly ClipPiece[], nowMs: number): void {
  for (const { part } of pieces) {
    const { final, moved } = part.found;
    if (final === undefined || moved !== undefined || nowMs - final.finalizedAtMs < NOT_MOVED_MS) continue;
    throw new NotCuttable(
      'record_not_moved',
      `Part ${final.part} was finished more than a day ago, and its record has not come into the library: its move may have failed, and wait in the dead-letter queue. Once it is there, delete this and ask again.`,
    );
  }
}
