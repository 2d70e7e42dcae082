import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import { isRoomPattern } from '../rooms/roomOf.ts';
import { sourceTemplateSchema } from './streamSource.ts';

/** Kinds of publications, for switches: what is not said is on. */
export const STREAM_KINDS = ['webrtc', 'rtmp', 'rtsp', 'srt', 'mixer', 'other'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

const pattern = z.string().check(z.minLength(1), z.maxLength(256));

/** What a deployment says about the hooks of its media servers. Without a secret every hook is refused. */
export const hookSettingsSchema = z.strictObject({
  /** SHA-256, in hex, of each secret that a hook's path may have: nobody can read a secret out of a deployment. */
  secretsSha256: z._default(
    z.array(z.string().check(z.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex'))),
    [],
  ),
  /**
   * Where the recorder fetches a stream, by application; `*` is for all others. `{streamName}`, `{app}` and
   * `{mediaSessionId}` stand for the stream's own: `rtmp://media.example/live/{streamName}`. Where the server asks for
   * credentials: `{ sourceUrl: 'rtsp://{username}:{password}@media.example/{streamName}', sourceSecret: 'media/reader' }`.
   */
  sources: z._default(z.record(z.string(), sourceTemplateSchema), {}),
  /**
   * The room of a stream whose hook names none, by application; `*` is for all others: a template such as
   * `{streamName}`, or a regular expression on the stream's name with a group `(?<room>…)`.
   */
  rooms: z._default(
    z.record(
      z.string(),
      z
        .string()
        .check(
          z.minLength(1),
          z.maxLength(1024),
          z.refine(isRoomPattern, 'must be a template, or a regular expression with a group (?<room>…)'),
        ),
    ),
    {},
  ),
  /** WCS servers that are asked for a stream which the registry does not know: `http://wcs.example:8081`. */
  wcsServers: z._default(
    z
      .array(z.string().check(z.regex(/^https?:\/\/[^\s/@]+\/*$/, 'must be http(s)://host[:port]')))
      .check(z.maxLength(10)),
    [],
  ),
  /** Whether what publishers ask for is recorded, WCS's `record_streams`. */
  recordStreams: z._default(z.boolean(), true),
  /** Kinds that are never recorded by a hook (`false`), or though nobody asks (`always`): WCS's per-kind switches. */
  recordKinds: z._default(
    z.partialRecord(z.enum(STREAM_KINDS), z.union([z.boolean(), z.literal('always')])),
    {},
  ),
  /** Names of streams that are recorded though nobody asks; `*` stands for anything. */
  recordAlways: z._default(z.array(pattern), []),
  /** Names that are never recorded by a hook, whoever asks. */
  recordNever: z._default(z.array(pattern), []),
});
export type HookSettings = z.infer<typeof hookSettingsSchema>;
/** What a deployer writes: any of the settings. */
export type HookSettingsInput = z.input<typeof hookSettingsSchema>;

/**
 * Checks the secret of a hook's path. Hashes are compared, all of them, in constant time.
 * @throws RecorderError hook_refused
 */
export function checkHookSecret(secret: string, { secretsSha256 }: HookSettings): void {
  const given = createHash('sha256').update(secret, 'utf8').digest();
  let matches = 0;
  for (const hash of secretsSha256) matches |= Number(timingSafeEqual(given, Buffer.from(hash, 'hex')));
  if (matches === 0) {
    throw new RecorderError('hook_refused', 'This is no secret that hooks of this deployment have.');
  }
}

/** Whether a stream is recorded because of how it is published. */
export function isRecorded(
  stream: { readonly name: string; readonly record?: boolean; readonly kind: StreamKind },
  settings: HookSettings,
): boolean {
  if (settings.recordNever.some((one) => matchesPattern(stream.name, one))) return false;
  if (settings.recordAlways.some((one) => matchesPattern(stream.name, one))) return true;
  const kind = settings.recordKinds[stream.kind];
  return settings.recordStreams && kind !== false && (stream.record === true || kind === 'always');
}

/** `*` stands for any text. Linear in the name for each star, whatever the name is. */
export function matchesPattern(name: string, glob: string): boolean {
  let [at, star, resumed] = [0, -1, 0];
  let i = 0;
  while (i < name.length) {
    if (glob[at] === '*') {
      star = at++;
      resumed = i;
    } else if (glob[at] === name[i]) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resumed;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}
