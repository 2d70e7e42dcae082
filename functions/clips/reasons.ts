import { S3ServiceException } from '@aws-sdk/client-s3';
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

/** Of S3's answers below 500 those that pass by themselves: too slow, in each other's way, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 429]);

/**
 * What S3 does not let us do: read a record, or write into the library (a bucket policy, a key, an archived object). Somebody may
 * mend that; undefined for what passes by itself. S3's own words name roles and accounts: they are for the log.
 */
export function refusalOf(error: unknown): ClipReason | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  const status = error.$metadata.httpStatusCode ?? 0;
  if (status < 400 || status >= 500 || PASSING.has(status)) return undefined;
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
