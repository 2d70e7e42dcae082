import * as z from 'zod/mini';
import { layoutFields, PICTURES_OF_GRIDS } from '../rooms/layout.ts';

/** By then everybody's end has been heard of. */
const MERGE_AFTER_MIN_MS = 10_000;
export const MERGE_AFTER_MAX_MS = 24 * 3_600_000;

/** What becomes of a room by itself. */
export const roomSettingsSchema = z
  .strictObject({
    /** Its recordings become one file when the last participant has left for so long: whoever returns sooner was not away. */
    mergeAfterMs: z.int().check(z.minimum(MERGE_AFTER_MIN_MS), z.maximum(MERGE_AFTER_MAX_MS)),
    ...layoutFields,
  })
  .check(...PICTURES_OF_GRIDS);
export type RoomSettings = z.infer<typeof roomSettingsSchema>;
