import path from 'node:path';
import { recorderClient } from '../../clients/typescript/client.ts';
import { hookSettingsSchema } from '../../functions/core/hooks/settings.ts';
import { LiveLine } from './liveLine.ts';
import { LogFiles } from './logFiles.ts';
import { type MainSettings, readSettings, SettingError, VARIABLE_OF } from './mainSettings.ts';
import { LANDING, LIBRARY } from './place.ts';
import { testStreamArguments } from './publish.ts';
import { type Runtime, StartError, startRuntime } from './runtime.ts';
import { eventLine, Terminal } from './terminal.ts';
import { ensureTools, FFMPEG } from './tools.ts';

/** `npm start`: the whole deployment on this machine, until Ctrl-C. */

/** Fargate gives a recorder as long to finish after SIGTERM. */
const GRACE_MS = 120_000;
/** One Ctrl-C comes twice under npm: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 500;

const LIVE_EVERY_MS = 1_000;
const READ_EVERY_MS = 2_000;

const terminal = new Terminal(process.stdout);
const say = (line: string): void => terminal.say(line);
const complain = (line: string): void => terminal.complain(line);

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  if (ensureTools([FFMPEG]).length > 0) {
    process.exitCode = 1;
    return;
  }
  const dataDir = path.resolve(settings.dataDir);
  const { runtime, logs } = await start(settings, dataDir);
  endOnSignal(runtime, logs);
  welcome(runtime, dataDir, settings);
  showWhatRuns(runtime);
}

/** On a terminal: which recordings run, for how long, with what bitrate. */
function showWhatRuns(runtime: Runtime): void {
  if (!process.stdout.isTTY) return;
  const line = new LiveLine(recorderClient({ baseUrl: runtime.apiUrl }));
  const show = (): void => terminal.live(line.text(Date.now()));
  setInterval(show, LIVE_EVERY_MS).unref();
  let isTold = false;
  const read = async (): Promise<void> => {
    try {
      await line.read(runtime.runningRecordings());
    } catch (error) {
      // It says how many run.
      if (!isTold) complain(`How recordings go is not known: ${error}`);
      isTold = true;
    }
    setTimeout(() => void read(), READ_EVERY_MS).unref();
  };
  void read();
}

async function start(
  settings: MainSettings,
  dataDir: string,
): Promise<{ readonly runtime: Runtime; readonly logs: LogFiles }> {
  // Nothing is written into a folder that another runtime has.
  let logs: LogFiles | undefined;
  const write = (source: string, line: string): void => {
    logs ??= new LogFiles(path.join(dataDir, 'logs'), complain);
    logs.write(source, line);
  };
  const runtime = await startRuntime({
    dataDir,
    https: settings.https,
    ports: { api: settings.apiPort, rtmp: settings.rtmpPort, s3: settings.s3Port },
    hosts: settings.hosts,
    recordingDefaults: settings.recordingDefaults,
    recordingLimits: settings.recordingLimits,
    corsOrigins: settings.corsOrigins,
    streamHooks: settings.streamHooks,
    onRecordHook: settings.onRecordHook,
    sourceSecrets: settings.sourceSecrets,
    webhooks: settings.webhooks,
    console: true,
    onLog: write,
    onEvent: (event) => {
      write(
        'events',
        JSON.stringify({ timestamp: event.time, level: 'INFO', message: event['detail-type'], event }),
      );
      const line = eventLine(event);
      if (line !== undefined) say(line);
    },
  });
  logs ??= new LogFiles(path.join(dataDir, 'logs'), complain);
  return { runtime, logs };
}

function endOnSignal(runtime: Runtime, logs: LogFiles): void {
  let firstAtMs: number | undefined;
  const end = (): void => {
    if (firstAtMs !== undefined) {
      if (performance.now() - firstAtMs > SAME_SIGNAL_MS) void runtime.close({ graceMs: 0 });
      return;
    }
    firstAtMs = performance.now();
    const running = runtime.runningRecordings().length;
    say(
      running === 0
        ? 'Ending.'
        : `Ending: ${running} running ${running === 1 ? 'recording is' : 'recordings are'} stopped and moved to the library first. Ctrl-C again ends at once.`,
    );
    runtime.close({ graceMs: GRACE_MS }).then(
      () => {
        logs.close();
        terminal.live('');
        say('Ended.');
        process.exit(0);
      },
      (error: unknown) => {
        complain(String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
}

function httpsLine({ https }: Runtime): string {
  if (https === undefined) return '';
  const { url, certificateFile } = https;
  const trust = certificateFile === undefined ? '' : `  (self-signed: curl --cacert ${certificateFile})`;
  return `\n               ${url}${trust}`;
}

/** The address that media servers call, or how to have one. */
function hooksLine(apiUrl: string, { streamHooks }: MainSettings): string {
  const { secretsSha256 } = hookSettingsSchema.parse(JSON.parse(streamHooks));
  return secretsSha256.length > 0
    ? `${apiUrl}/hooks/SECRET/…  (wcs, nginx-rtmp, srs, ome, stream)`
    : 'none taken: STREAM_HOOKS has their secrets (docs/api.md)';
}

function welcome(runtime: Runtime, dataDir: string, settings: MainSettings): void {
  const { apiUrl, s3Url, rtmpUrl, region, credentials } = runtime;
  const stream = `${rtmpUrl}/live/camera1`;
  const post = (route: string): string =>
    `curl -X POST ${apiUrl}/rest-api/stream/${route} -H 'content-type: application/json' -d '{"mediaSessionId":"camera1"}'`;
  const keys = `AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_REGION=${region}`;
  say(`Stream Recorder runs on this machine. Ctrl-C ends it.

  Console      ${apiUrl}/
  HTTP API     ${apiUrl}${httpsLine(runtime)}
  RTMP ingest  ${rtmpUrl}/live/NAME
  hooks        ${hooksLine(apiUrl, settings)}
  S3 endpoint  ${s3Url}  (buckets ${LANDING}, ${LIBRARY})
  data, logs   ${dataDir}, ${path.join(dataDir, 'logs')}

In other terminals, publish a stream, start its recording, stop it:

  ffmpeg ${testStreamArguments(stream).join(' ')}
  ${post('startRecording')}
  ${post('stopRecording')}

See and fetch the records, in the console (${apiUrl}/#/library), by the command line, or as S3:

  npm run --silent recorder -- ls --api ${apiUrl}
  npm run --silent recorder -- get RECORDING --api ${apiUrl}
  ${keys} aws s3 ls --recursive s3://${LIBRARY} --endpoint-url ${s3Url}
`);
}

try {
  await main();
} catch (error) {
  if (error instanceof StartError) {
    const variable = VARIABLE_OF[error.part];
    complain(variable === undefined ? error.message : `${error.message} ${variable} sets another one.`);
  } else if (error instanceof SettingError) complain(error.message);
  else complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}
