import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { atMs, optional, text } from '../state/fields.ts';
import { newRecordingId } from '../state/ids.ts';
import { keySegment } from '../state/keys.ts';

/** `state/rooms/left/<room>.json`: who left it last. The function that makes merges, under If-Match. */
export const roomLeftKey = (room: string): string => `state/rooms/left/${keySegment(room)}.json`;

export const roomLeftSchema = z.object({
  /** Of whoever left last. */
  recordingId: text,
  /** When that one ended. */
  leftAtMs: atMs,
  /** When the first recording was asked for of those that have ended since the room last became one file. */
  sinceMs: atMs,
  /** It became one file, or there was nothing to make one of: whoever leaves next begins anew. */
  isMerged: optional(z.literal(true)),
});
export type RoomLeft = z.infer<typeof roomLeftSchema>;

/**
 * What is known of a room when another one is heard to have left: in whatever order that is heard, and however often.
 * @returns `known` itself where that changes nothing
 */
export function withLeft(known: RoomLeft, own: RoomLeft): RoomLeft {
  if (known.isMerged === true) return isLater(own, known) ? own : known;
  const sinceMs = Math.min(known.sinceMs, own.sinceMs);
  if (isLater(own, known)) return { ...own, sinceMs };
  return sinceMs === known.sinceMs ? known : { ...known, sinceMs };
}

/** Of two that left at once it is the later recording. */
function isLater(one: RoomLeft, other: RoomLeft): boolean {
  return one.leftAtMs === other.leftAtMs
    ? one.recordingId > other.recordingId
    : one.leftAtMs > other.leftAtMs;
}

/** The merge of a room that its last participant has left: however often it is asked for, it is one. */
export function automaticMergeId(room: string, { recordingId, leftAtMs }: RoomLeft): string {
  return newRecordingId(leftAtMs, createHash('sha256').update(`${room}\n${recordingId}`, 'utf8').digest());
}

/** Clips queue: somebody has left a room; is anybody there? */
export const roomLeftAskSchema = z.object({ version: z.literal(1), leftBy: text });
export type RoomLeftAsk = z.infer<typeof roomLeftAskSchema>;
export const roomLeftAsk = (recordingId: string): RoomLeftAsk => ({ version: 1, leftBy: recordingId });
