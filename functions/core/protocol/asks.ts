import * as z from 'zod/mini';

/**
 * What functions and hosts ask of each other by queues. A body of another version is of another deployment: it is left
 * for those who know it. What a message says is where to look; what holds is in state.
 */
const VERSION = 1;
const version = z.literal(VERSION);
const ordinal = z.int().check(z.positive());
const count = z.int().check(z.nonnegative());

/** Launch queue: an attempt is to get a recorder. */
export const launchAskSchema = z.object({
  version,
  recordingId: z.string(),
  attempt: ordinal,
  /** When it was asked for first, in epoch milliseconds: the deadline counts from then on. */
  askedAtMs: count,
  /** RunTask was refused so often. */
  tries: count,
});
export type LaunchAsk = z.infer<typeof launchAskSchema>;

export function launchAsk(recordingId: string, attempt: number, askedAtMs: number): LaunchAsk {
  return { version: VERSION, recordingId, attempt, askedAtMs, tries: 0 };
}
