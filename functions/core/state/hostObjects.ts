import * as z from 'zod/mini';
import { count, optional, ordinal, text } from './fields.ts';
import { type Progress, progressSchema } from './objects.ts';

/** What hosts write below `state/hosts/<host>/`. Times are epoch milliseconds. */

/** `carries/…`: an attempt that the host was given, from before its claim to its end. */
export const carriedSchema = z.object({ recordingId: text, attempt: ordinal, runId: text });

/** How an attempt goes that a host carries. */
export const carriedProgressSchema = z.extend(progressSchema, { recordingId: text });
export type CarriedProgress = z.infer<typeof carriedProgressSchema>;

/** `status.json`: a host's heartbeat, of all that it carries. */
export const hostStatusSchema = z.object({
  hostId: text,
  atMs: count,
  taskArn: optional(text),
  recordings: count,
  /** Of those that have begun. One that ended has its last progress with its attempt. */
  progress: optional(z.array(carriedProgressSchema)),
  /** Why it takes no other one now. */
  full: optional(text),
  usage: z.object({
    cpuUnits: z.number(),
    memoryBytes: z.number(),
    diskShare: z.number(),
    loopDelayMs: z.number(),
  }),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;

/** How an attempt goes, as its host says. */
export function progressOf(
  status: HostStatus | undefined,
  recordingId: string,
  attempt: number,
): Progress | undefined {
  const own = status?.progress?.find((one) => one.recordingId === recordingId && one.attempt === attempt);
  if (own === undefined) return undefined;
  const { recordingId: _id, ...progress } = own;
  return progress;
}
