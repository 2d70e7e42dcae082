import process from 'node:process';
import { parseArgs } from 'node:util';
import {
  type NamePreview,
  type NameResult,
  type NameRules,
  NameTemplateError,
  type PreviewInput,
  previewName,
} from '../../functions/core/names/index.ts';
import {
  FILE_NAME_LIMIT_BYTES,
  FILE_NAME_LIMIT_MIN_BYTES,
  KEY_LIMIT_BYTES,
  KEY_LIMIT_MIN_BYTES,
} from '../../functions/core/names/limits.ts';

/** `npm run -s name -- …`: the names a record would get. Exit codes: 0, or 2 for bad usage or a bad template. */
const USAGE = `usage: npm run -s name -- --stream-name NAME [options]
  --template T            file template, such as {streamName}-{startTime}-{endTime}
  --library T             library template, such as {yyyy}/{MM}/{fileName}
  --policy P              streamName or template (the default)
  --encoding E            percent (the default) or underscore
  --login L  --session-id S  --media-session-id M  --app-key A
  --audio-codec C  --video-codec C
  --part N                a part of a rotated recording
  --extension E           mp4 (the default), webm, mkv or ts
  --file-name-max-bytes N --key-max-bytes N
  --json                  the same as JSON`;

const text = { type: 'string' } as const;
const OPTIONS = {
  'stream-name': text,
  template: text,
  library: text,
  policy: text,
  encoding: text,
  login: text,
  'session-id': text,
  'media-session-id': text,
  'app-key': text,
  'audio-codec': text,
  'video-codec': text,
  part: text,
  extension: text,
  'file-name-max-bytes': text,
  'key-max-bytes': text,
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export interface CliResult {
  readonly exitCode: 0 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

class UsageError extends Error {}

export function nameCli(args: readonly string[], nowMs: number): CliResult {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { exitCode: 0, stdout: `${USAGE}\n`, stderr: '' };
    const preview = previewName(inputOf(values, nowMs));
    const stdout = values.json ? JSON.stringify(preview) : describe(preview).join('\n');
    return { exitCode: 0, stdout: `${stdout}\n`, stderr: '' };
  } catch (error) {
    if (error instanceof NameTemplateError) return refused(error.message);
    if (error instanceof UsageError || isParseArgsError(error)) return refused(`${error.message}\n${USAGE}`);
    throw error;
  }
}

const refused = (message: string): CliResult => ({ exitCode: 2, stdout: '', stderr: `${message}\n` });

function isParseArgsError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  );
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

function inputOf(values: Values, nowMs: number): PreviewInput {
  const streamName = values['stream-name'];
  if (streamName === undefined) throw new UsageError('--stream-name is missing');
  const rules: Partial<NameRules> = withoutUndefined({
    policy: oneOf('policy', values.policy, ['streamName', 'template']),
    encoding: oneOf('encoding', values.encoding, ['percent', 'underscore']),
    fileTemplate: values.template,
    libraryKeyTemplate: values.library,
    fileNameMaxBytes: integer(
      'file-name-max-bytes',
      values['file-name-max-bytes'],
      FILE_NAME_LIMIT_MIN_BYTES,
      FILE_NAME_LIMIT_BYTES,
    ),
    keyMaxBytes: integer('key-max-bytes', values['key-max-bytes'], KEY_LIMIT_MIN_BYTES, KEY_LIMIT_BYTES),
  });
  return {
    streamName,
    rules,
    recordingStartedAtMs: nowMs,
    ...withoutUndefined({
      login: values.login,
      sessionId: values['session-id'],
      mediaSessionId: values['media-session-id'],
      appKey: values['app-key'],
      audioCodec: values['audio-codec'],
      videoCodec: values['video-codec'],
      part: integer('part', values.part, 1, 9_999_999),
      extension: oneOf('extension', values.extension, ['mp4', 'webm', 'mkv', 'ts']),
    }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function oneOf<T extends string>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`--${option} must be ${allowed.join(' or ')}`);
  return found;
}

function integer(option: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) {
    throw new UsageError(`--${option} must be a whole number from ${min} to ${max}`);
  }
  return number;
}

function describe(preview: NamePreview): string[] {
  const lines = [`file name    ${preview.fileName}`, `library key  ${preview.libraryKey}`];
  const { file, library } = preview;
  const encoded = new Map(
    [...file.encodedElements, ...library.encodedElements].map((one) => [one.element, one]),
  );
  for (const { element, value, text: written } of encoded.values()) {
    lines.push(`encoded      ${element}: ${short(JSON.stringify(value))} as ${short(written)}`);
  }
  lines.push(...trimmedLines('file name', file), ...trimmedLines('library key', library));
  if (file.hashed === 'ambiguous' || library.hashed === 'ambiguous') {
    lines.push('hash         other values would make the same name, so it ends in a short hash of these');
  }
  return lines;
}

function trimmedLines(what: string, result: NameResult): string[] {
  return result.trimmedElements.map(({ element, fromBytes, toBytes, why }) => {
    const reason =
      why === 'element'
        ? 'the element may not be longer'
        : `the whole ${what} has ${bytesOf(result.whole)} bytes`;
    return `trimmed      ${what}, ${element}: from ${fromBytes} to ${toBytes} bytes, since ${reason}`;
  });
}

const bytesOf = (value: string): number => Buffer.byteLength(value, 'utf8');
const short = (value: string): string => (value.length <= 80 ? value : `${value.slice(0, 80)}…`);

if (import.meta.main) {
  const result = nameCli(process.argv.slice(2), Date.now());
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  process.exitCode = result.exitCode;
}
