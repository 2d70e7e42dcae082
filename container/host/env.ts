import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));
const count = z.pipe(
  z.string().check(z.regex(/^[1-9]\d{0,6}$/)),
  z.transform((digits: string) => Number(digits)),
);

const variables = z.object({
  LANDING_BUCKET: text,
  EVENT_BUS_NAME: text,
  ASSIGNMENTS_QUEUE_URL: text,
  SETTLE_QUEUE_URL: text,
  LAUNCH_QUEUE_URL: text,
  /** A writable folder: S3 parts wait here while S3 is slow or away. */
  SPOOL_DIR: text,
  FFMPEG_PATH: z.exactOptional(text),
  /** A worker's, in the id of its journal: its supervisor sets it. */
  WORKER_NAME: z.exactOptional(text),
  /** What the host may use, as its task definition says: units of 1/1024 vCPU, and MiB. */
  HOST_CPU_UNITS: count,
  HOST_MEMORY_MB: count,
  /** A ceiling, however much room is measured. */
  MAX_RECORDINGS: count,
  /** Set by ECS. */
  ECS_CONTAINER_METADATA_URI_V4: z.exactOptional(text),
  ECS_AGENT_URI: z.exactOptional(text),
});
export type HostEnv = z.infer<typeof variables>;

/** Throws an error that names the variable at fault, and no value. */
export function readHostEnv(source: Readonly<Record<string, string | undefined>>): HostEnv {
  const parsed = variables.safeParse(source);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`environment variable ${String(issue?.path[0])} is missing or not valid`);
  }
  return parsed.data;
}
