import * as z from 'zod/mini';

/**
 * | layout | the result |
 * |---|---|
 * | tracks | a video and an audio track for each participant, as they were recorded |
 * | grid | one picture of all of them, and their sound mixed |
 * | audio | their sound mixed |
 */
export const MERGE_LAYOUTS = ['tracks', 'grid', 'audio'] as const;
export type MergeLayout = (typeof MERGE_LAYOUTS)[number];

/** Of a grid that says nothing else. */
export const MERGE_PICTURE = { width: 1280, height: 720, fps: 25, names: false } as const;

/** H.264 has pictures of even sizes. */
const size = (min: number, max: number) =>
  z.int().check(z.minimum(min), z.maximum(max), z.multipleOf(2, 'must be even'));

/** What whoever wants a merge says of it. */
export const layoutFields = {
  layout: z.enum(MERGE_LAYOUTS),
  /** Of a grid's picture, in pixels. */
  width: z.exactOptional(size(160, 3840)),
  height: z.exactOptional(size(90, 2160)),
  fps: z.exactOptional(z.int().check(z.minimum(1), z.maximum(60))),
  /** Each participant's name is burnt in. */
  names: z.exactOptional(z.boolean()),
};

/** Nothing but a grid has a picture. */
export const PICTURES_OF_GRIDS = (['width', 'height', 'fps', 'names'] as const).map((field) =>
  z.refine<{ readonly layout: string } & Readonly<Record<string, unknown>>>(
    (body) => body[field] === undefined || body.layout === 'grid',
    { message: 'goes with the layout grid', path: [field] },
  ),
);

/** What a grid's picture is like; undefined for the other layouts. */
export function gridPictureOf({
  layout,
  width = MERGE_PICTURE.width,
  height = MERGE_PICTURE.height,
  fps = MERGE_PICTURE.fps,
  names = MERGE_PICTURE.names,
}: {
  readonly layout: MergeLayout;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly names?: boolean;
}): { width: number; height: number; fps: number; names: boolean } | undefined {
  return layout === 'grid' ? { width, height, fps, names } : undefined;
}
