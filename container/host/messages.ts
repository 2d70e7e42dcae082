import type { EndCode, Progress } from '../../functions/core/state/objects.ts';

/** An attempt that a worker runs. */
export interface Carried {
  readonly recordingId: string;
  readonly attempt: number;
  /** Tells this run from every other one, of this attempt too. */
  readonly runId: string;
}

/** What the supervisor tells a worker. Both are of the same image: nothing is checked. */
export type ToWorker =
  | { readonly kind: 'begin'; readonly carried: Carried }
  /** Something was asked of the recording: look now, and not at the next turn. */
  | { readonly kind: 'look'; readonly recordingId: string }
  /** The host is told to end, or has become too small for this run. */
  | { readonly kind: 'interrupt'; readonly runId?: string };

/** What a worker tells the supervisor. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** The attempt was claimed, or cannot be: the assignment is done with. */
  | { readonly kind: 'begun'; readonly carried: Carried; readonly isClaimed: boolean }
  | { readonly kind: 'progress'; readonly carried: Carried; readonly progress: Progress }
  | { readonly kind: 'ended'; readonly carried: Carried; readonly code: EndCode; readonly message: string }
  /** The event loop was blocked for so long, at most, since the last time. */
  | { readonly kind: 'delay'; readonly maxMs: number };
