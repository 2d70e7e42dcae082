import { StorageClass } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { type ConsoleSignIn, consoleSignInSchema } from '../core/api/consoleSignIn.ts';
import { type HookSettings, hookSettingsSchema } from '../core/hooks/settings.ts';
import { type RecordingLimits, recordingLimitsSchema } from '../core/settings/limits.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type RecordingSettings,
  settingsOverridesSchema,
} from '../core/settings/settings.ts';
import { type SourceRules, sourceRulesSchema } from '../core/source/sourceRules.ts';

const text = z.string().check(z.minLength(1));
const numbers = z.pipe(
  z.string().check(z.regex(/^\d+(,\d+)*$/)),
  z.transform((value: string) => value.split(',').map(Number)),
);
const count = z.pipe(
  z.string().check(z.regex(/^\d{1,6}$/)),
  z.transform((value: string) => Number(value)),
);
const list = z.pipe(
  z.string(),
  z.transform((value: string) => value.split(',').filter((item) => item !== '')),
);

/** Every variable that a function may be given; each function picks the ones it needs. `infra/wiring.ts` sets them. */
const variables = z.object({
  LANDING_BUCKET: text,
  LIBRARY_BUCKET: text,
  /** `default`: the bucket's own. */
  LIBRARY_STORAGE_CLASS: z.pipe(
    z.union([z.literal('default'), z.enum(StorageClass)]),
    z.transform((value) => (value === 'default' ? undefined : value)),
  ),
  LIBRARY_KMS_KEY_ARN: z.pipe(
    z.string(),
    z.transform((value: string) => (value === 'default' ? undefined : value)),
  ),
  CLUSTER_ARN: text,
  TASK_DEFINITION: text,
  CONTAINER_NAME: text,
  MERGE_TASK_DEFINITION: text,
  MERGE_CONTAINER_NAME: text,
  SUBNET_IDS: list,
  SECURITY_GROUP_IDS: list,
  ASSIGN_PUBLIC_IP: z.enum(['ENABLED', 'DISABLED']),
  CAPACITY_PROVIDERS: list,
  LAUNCH_QUEUE_URL: text,
  SETTLE_QUEUE_URL: text,
  CLIPS_QUEUE_URL: text,
  /** `none`: there are no hosts. */
  ASSIGNMENTS_QUEUE_URL: text,
  RELOCATION_QUEUE_URL: text,
  /** From one try to move a record to the next. */
  RELOCATION_RETRY_SECONDS: numbers,
  /** `name=url,…`: what `GET /status` counts. */
  WATCHED_QUEUES: z.pipe(
    z.string().check(z.regex(/^[^=,]+=[^,]+(,[^=,]+=[^,]+)*$/)),
    z.transform((value: string) =>
      value.split(',').map((one) => {
        const at = one.indexOf('=');
        return { name: one.slice(0, at), url: one.slice(at + 1) };
      }),
    ),
  ),
  EVENT_BUS_NAME: text,
  /** Of hosts; `none` where there are no hosts. */
  HOSTS_SERVICE: text,
  /** How many there may be. */
  HOSTS_MAX: count,
  RECORDING_DEFAULTS: z.pipe(
    z.string(),
    z.transform(
      (json: string): RecordingSettings =>
        mergeSettings(DEFAULT_SETTINGS, settingsOverridesSchema.parse(JSON.parse(json === '' ? '{}' : json))),
    ),
  ),
  RECORDING_LIMITS: z.pipe(
    z.string(),
    z.transform(
      (json: string): RecordingLimits => recordingLimitsSchema.parse(JSON.parse(json === '' ? '{}' : json)),
    ),
  ),
  BASIC_AUTH_SECRET_ARN: text,
  /** Of the key that signs the links by which recordings are played. */
  PLAYBACK_KEY_SECRET_ARN: text,
  /** Of the console's files; relative to the function's own folder. */
  CONSOLE_FOLDER: text,
  /** Where the links of records lead, as a Content-Security-Policy has it. */
  CONSOLE_MEDIA_ORIGINS: list,
  /** How its users sign in at an OpenID Connect issuer, as JSON; `none` where they do not. */
  CONSOLE_SIGN_IN: z.pipe(
    z.string(),
    z.transform((json: string): ConsoleSignIn | undefined =>
      json === 'none' ? undefined : consoleSignInSchema.parse(JSON.parse(json)),
    ),
  ),
  /** Who may come in by the load balancer on WCS's ports: `off` without one, `none` for everybody, or a secret's ARN. */
  WCS_PORTS_AUTH: z.union([z.literal('off'), z.literal('none'), z.string().check(z.startsWith('arn:'))]),
  /** An executable file. */
  ON_RECORD_SCRIPT: text,
  SCRIPT_FILE_MAX_BYTES: z.pipe(
    z.string().check(z.regex(/^[1-9]\d{0,15}$/)),
    z.transform((digits: string) => Number(digits)),
  ),
  SCRIPT_LARGER_RECORDS: z.enum(['fail', 'link']),
  /** An endpoint that is told of events, its secret, its own queue, and where it may be. */
  WEBHOOK_URL: text,
  WEBHOOK_SECRET_ARN: text,
  WEBHOOK_QUEUE_URL: text,
  WEBHOOK_RULES: z.pipe(
    z.string(),
    z.transform((json: string): SourceRules => sourceRulesSchema.parse(JSON.parse(json))),
  ),
  STREAM_HOOKS: z.pipe(
    z.string(),
    z.transform(
      (json: string): HookSettings => hookSettingsSchema.parse(JSON.parse(json === '' ? '{}' : json)),
    ),
  ),
});
type Variables = z.infer<typeof variables>;

/** Parses the named variables once, at the edge. Throws an error that names the one at fault, and no value. */
export function readEnv<K extends keyof Variables>(
  names: readonly K[],
  source: Readonly<Record<string, string | undefined>> = process.env,
): Pick<Variables, K> {
  const shape: { -readonly [P in keyof typeof variables.shape]?: (typeof variables.shape)[P] } = {};
  const given: Record<string, string | undefined> = {};
  for (const name of names) {
    Object.assign(shape, { [name]: variables.shape[name] });
    given[name] = source[name];
  }
  const parsed = z.object(shape).safeParse(given);
  if (!parsed.success) {
    throw new Error(
      `environment variable ${String(parsed.error.issues[0]?.path[0])} is missing or not valid`,
    );
  }
  return parsed.data as Pick<Variables, K>;
}
