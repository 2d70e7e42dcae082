import * as z from 'zod/mini';

/** Why a record is less than its stream was, or cannot be shown to be all of it. */
export const INCOMPLETE_CODES = [
  'recorder_lost',
  'no_tracks',
  'no_frames',
  'no_duration',
  'size_too_small',
  'shorter_than_wall_clock',
  'duration_differs',
  'source_away',
  'not_indexed',
] as const;

export const incompleteReasonSchema = z.object({ code: z.enum(INCOMPLETE_CODES), message: z.string() });
export type IncompleteReason = z.infer<typeof incompleteReasonSchema>;
