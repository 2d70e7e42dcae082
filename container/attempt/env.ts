import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

const variables = z.object({
  RECORDING_ID: text,
  ATTEMPT: z.pipe(
    z.string().check(z.regex(/^[1-9]\d{0,5}$/)),
    z.transform((digits: string) => Number(digits)),
  ),
  LANDING_BUCKET: text,
  EVENT_BUS_NAME: text,
  /** A writable folder: S3 parts wait here while S3 is slow or away. */
  SPOOL_DIR: text,
  FFMPEG_PATH: z.exactOptional(text),
  /** Where the next attempt is asked for when this task is taken away; without it, whoever settles this one does. */
  LAUNCH_QUEUE_URL: z.exactOptional(text),
  /** Set by ECS. */
  ECS_CONTAINER_METADATA_URI_V4: z.exactOptional(text),
});
export type RecorderEnv = z.infer<typeof variables>;

/** Throws an error that names the variable at fault, and no value. */
export function readRecorderEnv(source: Readonly<Record<string, string | undefined>>): RecorderEnv {
  const parsed = variables.safeParse(source);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`environment variable ${String(issue?.path[0])} is missing or not valid`);
  }
  return parsed.data;
}
