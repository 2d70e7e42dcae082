import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

const variables = z.object({
  MERGE_ID: text,
  LANDING_BUCKET: text,
  /** A writable folder: the first S3 part and the index of what is made lie there. */
  SPOOL_DIR: text,
  FFMPEG_PATH: z.exactOptional(text),
  /** Of the font in which names are burnt in; without it, what fontconfig has. */
  FONT_PATH: z.exactOptional(text),
});
export type MergeEnv = z.infer<typeof variables>;

/** Throws an error that names the variable at fault, and no value. */
export function readMergeEnv(source: Readonly<Record<string, string | undefined>>): MergeEnv {
  const parsed = variables.safeParse(source);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`environment variable ${String(issue?.path[0])} is missing or not valid`);
  }
  return parsed.data;
}
