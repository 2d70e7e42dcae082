import * as z from 'zod/mini';
import { MERGE_LAYOUTS, MERGE_RUNNING } from '../rooms/merge.ts';
import { limit, newFileName, room, time, token } from './fields.ts';

/** What the merges of rooms are asked for with. Times are ISO 8601, on the wall clock. */

/** H.264 has pictures of even sizes. */
const size = (min: number, max: number) =>
  z.int().check(z.minimum(min), z.maximum(max), z.multipleOf(2, 'must be even'));

/** Of a grid that says nothing else. */
export const MERGE_PICTURE = { width: 1280, height: 720, fps: 25, names: false } as const;

/** POST /rooms/{room}/merge. */
export const mergeRoomBody = z
  .strictObject({
    layout: z.enum(MERGE_LAYOUTS),
    from: z.exactOptional(time),
    /** Up to here, not with it. */
    to: z.exactOptional(time),
    /** Of its file, without extension. */
    name: z.exactOptional(newFileName),
    /** What is to become of that which is still recorded. */
    running: z._default(z.enum(MERGE_RUNNING), 'wait'),
    /** Of a grid's picture, in pixels. */
    width: z.exactOptional(size(160, 3840)),
    height: z.exactOptional(size(90, 2160)),
    fps: z.exactOptional(z.int().check(z.minimum(1), z.maximum(60))),
    /** Each participant's name is burnt in. */
    names: z.exactOptional(z.boolean()),
  })
  .check(
    ...(['width', 'height', 'fps', 'names'] as const).map((field) =>
      z.refine<{ readonly layout: string } & Readonly<Record<string, unknown>>>(
        (body) => body[field] === undefined || body.layout === 'grid',
        { message: 'goes with the layout grid', path: [field] },
      ),
    ),
  );
export type MergeRoomBody = z.infer<typeof mergeRoomBody>;

/** GET /merges. */
export const listMergesQuery = z.strictObject({
  room: z.exactOptional(room),
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

export const mergePath = z.object({ mergeId: z.string().check(z.minLength(1), z.maxLength(256)) });
