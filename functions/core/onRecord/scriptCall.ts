import type { RecordAvailable } from '../events/published.ts';

/** How an on-record script is called. */
export interface ScriptCall {
  /** `$1`, `$2`. */
  readonly args: readonly [streamName: string, record: string];
  readonly env: Readonly<Record<string, string>>;
}

/** Linux takes no argument, and no variable, of more than 128 KiB (MAX_ARG_STRLEN). */
const VALUE_MAX_BYTES = 128 * 1024 - 1024;

/**
 * As WCS calls its `on_record_hook_script`, with all that the event says as variables besides.
 * @param record an absolute path, or a link
 */
export function scriptCall(event: RecordAvailable, record: string): ScriptCall {
  const facts: Readonly<Record<string, string | number | boolean | undefined>> = {
    EVENT_ID: event.id,
    RECORDING_ID: event.recordingId,
    MEDIA_SESSION_ID: event.mediaSessionId,
    STREAM_NAME: event.streamName,
    PART: event.part,
    BUCKET: event.bucket,
    KEY: event.key,
    VERSION_ID: event.versionId,
    BYTES: event.bytes,
    CRC32: event.crc32,
    SHA256: event.sha256,
    DURATION_MS: event.durationMs,
    START_TIME: event.startTime,
    END_TIME: event.endTime,
    FORMAT: event.format,
    CODECS: event.codecs.join(','),
    RECOVERED: event.recovered,
    COMPLETE: event.complete,
    INCOMPLETE: event.incomplete.map(({ code }) => code).join(','),
    NAME_TRIMMED: event.nameTrimmed,
    WHOLE_NAME: event.wholeName,
  };
  const env = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, argument(String(value))] as const],
  );
  return { args: [argument(event.streamName), record], env: Object.fromEntries(env) };
}

/** What a program can be given: without NUL, and not too long. */
function argument(text: string): string {
  const whole = text.replaceAll('\0', '\uFFFD').toWellFormed();
  if (Buffer.byteLength(whole) <= VALUE_MAX_BYTES) return whole;
  const cut = Buffer.from(whole).subarray(0, VALUE_MAX_BYTES);
  // A cut inside a character leaves the beginning of one.
  return new TextDecoder().decode(cut, { stream: true });
}
