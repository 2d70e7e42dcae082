import { parseArgs } from 'node:util';

/** Something in the command line that cannot be meant; the message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `stream-recorder COMMAND [options]

  record URL|SESSION   records a source, or a stream of the registry, until Ctrl-C or its end; shows how it goes
  ls                   recordings, newest first
  watch ID             shows how a recording goes, until it has ended
  get ID               downloads its files into this folder, or --output FOLDER
  stop ID              stops it
  clip ID --from T --to T   cuts a piece out, to the frame, and waits for it; T is 90, 1:30, 0:01:30.5 of the recording, or
                       an ISO time: 2026-11-28T10:00:00Z
  join ID              makes one file of all its parts, and waits for it
  merge ROOM           makes one file of all of a room, and waits for it; --layout tracks (each one's own), grid (one picture),
                       audio (the sound of all); tracks by default
  rm ID                forgets it; with --records its files in the library too

  --name NAME          the stream's name, for record URL; the file's, for clip
  --status STATUS, --stream NAME, --search PIECE-OF-NAME, --limit N   for ls
  --stack NAME         the API of a CloudFormation stack; signs as --sigv4 does, unless other credentials are given
  --api URL            the API's address; else STREAM_RECORDER_API, else http://127.0.0.1:8081
  --token TOKEN        sends a bearer token; else STREAM_RECORDER_TOKEN
  --basic USER:PASS    sends HTTP Basic; else STREAM_RECORDER_BASIC
  --sigv4              signs with the AWS credentials of this environment; --region or AWS_REGION
  --json               JSON lines to stdout, nothing else

Exit codes: 0 done, 1 refused or failed, 2 not understood.`;

export const COMMANDS = ['record', 'ls', 'watch', 'get', 'stop', 'clip', 'join', 'merge', 'rm'] as const;
export type Command = (typeof COMMANDS)[number];

const LAYOUTS = ['tracks', 'grid', 'audio'] as const;
export type Layout = (typeof LAYOUTS)[number];

export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'header'; readonly value: string }
  | { readonly kind: 'sigv4'; readonly region: string };

export interface CliArguments {
  readonly command: Command;
  /** The source, session or recording that the command is about; empty for `ls`. */
  readonly subject: string;
  /** Its address, or the CloudFormation stack that has it as an output. */
  readonly api: string | { readonly stack: string; readonly region: string };
  readonly authorization: Authorization;
  readonly json: boolean;
  readonly name?: string;
  readonly status?: string;
  readonly stream?: string;
  /** A piece of the stream's name. */
  readonly search?: string;
  readonly limit: number;
  readonly output: string;
  /** How a room is put together. */
  readonly layout: Layout;
  readonly records: boolean;
  /** What a clip shows: of media time in ms, or wall-clock time in ISO 8601. */
  readonly from?: number | string;
  readonly to?: number | string;
}

const OPTIONS = {
  name: { type: 'string' },
  status: { type: 'string' },
  stream: { type: 'string' },
  search: { type: 'string' },
  limit: { type: 'string' },
  api: { type: 'string' },
  stack: { type: 'string' },
  token: { type: 'string' },
  basic: { type: 'string' },
  sigv4: { type: 'boolean' },
  region: { type: 'string' },
  output: { type: 'string' },
  records: { type: 'boolean' },
  layout: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @returns undefined where help was asked for
 * @throws UsageError
 */
export function readArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CliArguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [given, subject = '', ...more] = positionals;
  const command = COMMANDS.find((one) => one === given);
  if (command === undefined) {
    throw new UsageError(given === undefined ? 'A command is missing.' : `There is no command ${given}.`);
  }
  if (more.length > 0) throw new UsageError(`${more.join(' ')} is too much for ${command}.`);
  if (command !== 'ls' && subject === '') throw new UsageError(`${command} needs to know which.`);
  const limit = Number(values.limit ?? '20');
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError('--limit must be a whole number from 1 on.');
  const layout = LAYOUTS.find((one) => one === (values.layout ?? 'tracks'));
  if (layout === undefined) throw new UsageError(`--layout must be one of ${LAYOUTS.join(', ')}.`);
  return {
    command,
    subject,
    layout,
    api: apiOf(values, env),
    authorization: authorizationOf(values, env),
    json: values.json === true,
    limit,
    output: values.output ?? '.',
    records: values.records === true,
    ...(command === 'clip' ? { from: moment('from', values), to: moment('to', values) } : {}),
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values.status === undefined ? {} : { status: values.status }),
    ...(values.stream === undefined ? {} : { stream: values.stream }),
    ...(values.search === undefined ? {} : { search: values.search }),
  };
}

/** `90`, `1:30` and `0:01:30.5` are in the recording, anything with a date is by the clock. */
function moment(name: 'from' | 'to', values: { from?: string; to?: string }): number | string {
  const text = values[name];
  if (text === undefined) throw new UsageError(`clip needs --${name}.`);
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) return text;
  const [, hours = '0', minutes = '0', seconds] =
    /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d{1,3})?)$/.exec(text) ?? [];
  if (seconds === undefined)
    throw new UsageError(`--${name} must be a time as 90, 1:30, 0:01:30.5 or 2026-11-28T10:00:00Z.`);
  return Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

interface Access {
  readonly api?: string;
  readonly stack?: string;
  readonly token?: string;
  readonly basic?: string;
  readonly sigv4?: boolean;
  readonly region?: string;
}
type Env = Readonly<Record<string, string | undefined>>;

function apiOf(values: Access, env: Env): CliArguments['api'] {
  const { stack, api = stack === undefined ? env.STREAM_RECORDER_API : undefined } = values;
  if (stack !== undefined && api !== undefined)
    throw new UsageError('--stack finds --api: give one of them.');
  if (stack !== undefined) return { stack, region: regionOf('--stack', values, env) };
  const url = api ?? 'http://127.0.0.1:8081';
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError('--api must be an http(s) URL.');
  return url.replace(/\/+$/, '');
}

function authorizationOf(values: Access, env: Env): Authorization {
  if (values.sigv4 === true) return { kind: 'sigv4', region: regionOf('--sigv4', values, env) };
  const token = values.token ?? env.STREAM_RECORDER_TOKEN;
  if (token !== undefined) return { kind: 'header', value: `Bearer ${token}` };
  const basic = values.basic ?? env.STREAM_RECORDER_BASIC;
  if (basic !== undefined) {
    if (!basic.includes(':')) throw new UsageError('--basic must be USER:PASSWORD.');
    return { kind: 'header', value: `Basic ${Buffer.from(basic, 'utf8').toString('base64')}` };
  }
  return values.stack === undefined
    ? { kind: 'none' }
    : { kind: 'sigv4', region: regionOf('--stack', values, env) };
}

function regionOf(option: string, values: Access, env: Env): string {
  const region = values.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region === undefined) throw new UsageError(`${option} needs --region, or AWS_REGION.`);
  return region;
}
