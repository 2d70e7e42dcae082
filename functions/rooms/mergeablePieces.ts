import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import type { MergeLayout } from '../core/rooms/layout.ts';
import type { MergeLeftOut, MergePiece, MergePlan } from '../core/rooms/merge.ts';
import { fragmentIndexKey } from '../core/state/keys.ts';
import { headObject } from '../relocation/landedRecord.ts';

const LOOKS_AT_ONCE = 16;

/**
 * The plan without what cannot be taken: records that somebody removed from the library, and, where its tracks are taken as
 * they are, what is no MP4 or has no index of its fragments.
 * @returns undefined where nothing is left
 */
export async function mergeablePieces(
  ports: { readonly s3: S3Client; readonly store: StateStore },
  layout: MergeLayout,
  plan: MergePlan | undefined,
): Promise<MergePlan | undefined> {
  if (plan === undefined) return undefined;
  const pieces = plan.participants.flatMap((one) => one.pieces);
  const reasons = new Map<MergePiece, MergeLeftOut['reason']>();
  for (let at = 0; at < pieces.length; at += LOOKS_AT_ONCE) {
    await Promise.all(
      pieces.slice(at, at + LOOKS_AT_ONCE).map(async (piece) => {
        const reason = await reasonAgainst(ports, layout, piece);
        if (reason !== undefined) reasons.set(piece, reason);
      }),
    );
  }
  if (reasons.size === 0) return plan;
  const leftOut = plan.participants.flatMap(({ name, pieces: own }) =>
    own.flatMap((piece): MergeLeftOut[] => {
      const reason = reasons.get(piece);
      const { recordingId, part } = piece;
      return reason === undefined ? [] : [{ recordingId, streamName: name, part, reason }];
    }),
  );
  const participants = plan.participants.flatMap((one) => {
    const own = one.pieces.filter((piece) => !reasons.has(piece));
    return own.length === 0 ? [] : [{ ...one, pieces: own }];
  });
  return participants.length === 0
    ? undefined
    : { ...plan, participants, leftOut: [...plan.leftOut, ...leftOut] };
}

async function reasonAgainst(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  layout: MergeLayout,
  { recordingId, part, bucket, key, etag, format }: MergePiece,
): Promise<MergeLeftOut['reason'] | undefined> {
  if (layout === 'tracks') {
    if (format !== 'mp4') return 'no_mp4';
    if ((await store.etag(fragmentIndexKey(recordingId, part))) === undefined) return 'no_index';
  }
  const object = await headObject(s3, bucket, key);
  return object?.ETag === etag ? undefined : 'record_gone';
}
