import * as z from 'zod/mini';
import { layoutFields, PICTURES_OF_GRIDS } from '../rooms/layout.ts';
import { MERGE_RUNNING } from '../rooms/merge.ts';
import { limit, newFileName, room, time, token } from './fields.ts';

/** What the merges of rooms are asked for with. Times are ISO 8601, on the wall clock. */

/** POST /rooms/{room}/merge. */
export const mergeRoomBody = z
  .strictObject({
    layout: layoutFields.layout,
    from: z.exactOptional(time),
    /** Up to here, not with it. */
    to: z.exactOptional(time),
    /** Of its file, without extension. */
    name: z.exactOptional(newFileName),
    /** What is to become of that which is still recorded. */
    running: z._default(z.enum(MERGE_RUNNING), 'wait'),
    width: layoutFields.width,
    height: layoutFields.height,
    fps: layoutFields.fps,
    names: layoutFields.names,
  })
  .check(...PICTURES_OF_GRIDS);
export type MergeRoomBody = z.infer<typeof mergeRoomBody>;

/** GET /merges. */
export const listMergesQuery = z.strictObject({
  room: z.exactOptional(room),
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

export const mergePath = z.object({ mergeId: z.string().check(z.minLength(1), z.maxLength(256)) });
