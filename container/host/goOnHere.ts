import type { Carried } from './messages.ts';

export interface GoOnOptions {
  /** The host is told to end. */
  readonly isEnding: () => boolean;
  readonly isFull: () => boolean;
  /** Sees to it that somebody launches a recorder for the next attempt if this host, which takes it now, has not claimed it soon. */
  readonly secure: (dead: Carried) => Promise<void>;
  /** Asks any host for the next attempt. */
  readonly goOn: (dead: Carried) => Promise<void>;
  /** This host has the attempt already, out of a queue, or one after it. */
  readonly has: (next: Attempt) => boolean;
  readonly take: (next: Attempt) => void;
}

type Attempt = Pick<Carried, 'recordingId' | 'attempt'>;

/**
 * What a worker of this host had, and cannot have killed it, goes on here, where there is room: a queue would give it to
 * one host, and at the same time, and later.
 */
export async function goOnHere(options: GoOnOptions, dead: Carried): Promise<void> {
  const { isEnding, isFull, secure, goOn, has, take } = options;
  if (isEnding() || isFull()) return goOn(dead);
  // Whoever dies in between has it.
  await secure(dead);
  if (isEnding()) return goOn(dead);
  const next = { recordingId: dead.recordingId, attempt: dead.attempt + 1 };
  // A second run of it would lose the claim, and with it what says that the first one is here.
  if (!has(next)) take(next);
}
