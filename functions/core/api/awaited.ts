import { recordingStatus, type StatusFacts } from '../state/fold.ts';

const FINISHED = { status: 'finished' } as const;

/**
 * What a caller may wait for. It is reached also where it cannot come any more: a recording that failed is not waited for.
 *
 * | waitFor | reached |
 * |---|---|
 * | recording | a frame has been recorded, or the recording is stopping or has ended |
 * | ended | it has its outcome |
 * | available | it has ended, and every record that it has is in the library |
 */
export const AWAITED = ['recording', 'ended', 'available'] as const;
export type Awaited = (typeof AWAITED)[number];

export function isReached(awaited: Awaited, facts: StatusFacts): boolean {
  switch (awaited) {
    case 'recording':
      return recordingStatus(facts) !== 'starting';
    case 'ended':
      return facts.outcome !== undefined;
    case 'available':
      // A recording that failed keeps what was recorded, and that is moved as well.
      return facts.outcome !== undefined && recordingStatus({ ...facts, outcome: FINISHED }) === 'available';
  }
}
