import * as z from 'zod/mini';

const MINUTE_MS = 60_000;
export const LATEST_EVERY_MIN_MS = 10_000;
export const LATEST_EVERY_MAX_MS = 60 * MINUTE_MS;

/** Which pictures are made of a recording. None of them is one of the record's frames less: they are made beside it. */
export const picturesSchema = z.strictObject({
  /** Of the first second of each part. */
  poster: z.boolean(),
  /** How often one shows what is recorded at present; 0: none does. */
  latestEveryMs: z.int().check(
    z.minimum(0),
    z.maximum(LATEST_EVERY_MAX_MS),
    z.refine((ms) => ms === 0 || ms >= LATEST_EVERY_MIN_MS, `must be 0, or at least ${LATEST_EVERY_MIN_MS}`),
  ),
  /** At most 200 small ones in one, at the end of each part, and where they belong. */
  storyboard: z.boolean(),
});
export type PictureSettings = z.infer<typeof picturesSchema>;

export const DEFAULT_PICTURES: PictureSettings = {
  poster: true,
  latestEveryMs: 2 * MINUTE_MS,
  storyboard: true,
};
export const NO_PICTURES: PictureSettings = { poster: false, latestEveryMs: 0, storyboard: false };

/** What a deployer or a caller says of them: some, or false for none at all. */
export const pictureOverridesSchema = z.union([z.literal(false), z.partial(picturesSchema)]);
export type PictureOverrides = z.infer<typeof pictureOverridesSchema>;

export function wantsPictures({ poster, latestEveryMs, storyboard }: PictureSettings): boolean {
  return poster || storyboard || latestEveryMs > 0;
}
