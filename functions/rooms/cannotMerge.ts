import type { MergeReason } from '../core/rooms/merge.ts';

/** It cannot be made of these records, and trying again would not help. */
export class CannotMerge extends Error {
  override readonly name = 'CannotMerge';
  readonly reason: MergeReason;

  constructor(reason: MergeReason) {
    super(reason.message);
    this.reason = reason;
  }
}
