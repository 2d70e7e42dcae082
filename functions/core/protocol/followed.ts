import type { EndCode, Reason } from '../state/objects.ts';

const FOLLOWED: ReadonlySet<EndCode> = new Set([
  'interrupted',
  'handed_over',
  'never_started',
  'recorder_failed',
  'storage_failed',
]);

/**
 * Whether another attempt is to follow one that ended so: nobody asked for the end, and it was no end of the source's. What
 * failed is ours, a defect included: another attempt may fare better, and each that does not counts (`settleAttempt`).
 */
export const isFollowed = ({ code }: Pick<Reason, 'code'>): boolean => FOLLOWED.has(code);
