import path from 'node:path';
import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import { LogFiles } from './logFiles.ts';
import { type MainSettings, readSettings, SettingError, VARIABLE_OF } from './mainSettings.ts';
import { LANDING, LIBRARY } from './place.ts';
import { testStreamArguments } from './publish.ts';
import { type EventBridgeEvent, type Runtime, StartError, startRuntime } from './runtime.ts';
import { ensureTools, FFMPEG } from './tools.ts';

/** `npm start`: the whole deployment on this machine, until Ctrl-C. */

/** Fargate gives a recorder as long to finish after SIGTERM. */
const GRACE_MS = 120_000;
/** One Ctrl-C comes twice under npm: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 500;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const complain = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  if (ensureTools([FFMPEG]).length > 0) {
    process.exitCode = 1;
    return;
  }
  const dataDir = path.resolve(settings.dataDir);
  const { runtime, logs } = await start(settings, dataDir);
  endOnSignal(runtime, logs);
  welcome(runtime, dataDir);
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
    streamHooks: settings.streamHooks,
    onRecordHook: settings.onRecordHook,
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

function welcome(runtime: Runtime, dataDir: string): void {
  const { apiUrl, s3Url, rtmpUrl, region, credentials } = runtime;
  const stream = `${rtmpUrl}/live/camera1`;
  const post = (route: string): string =>
    `curl -X POST ${apiUrl}/rest-api/stream/${route} -H 'content-type: application/json' -d '{"mediaSessionId":"camera1"}'`;
  const keys = `AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_REGION=${region}`;
  say(`Stream Recorder runs on this machine. Ctrl-C ends it.

  Console      ${apiUrl}/
  HTTP API     ${apiUrl}${httpsLine(runtime)}
  RTMP ingest  ${rtmpUrl}/live/NAME
  S3 endpoint  ${s3Url}  (buckets ${LANDING}, ${LIBRARY})
  data, logs   ${dataDir}, ${path.join(dataDir, 'logs')}

In other terminals, publish a stream, start its recording, stop it:

  ffmpeg ${testStreamArguments(stream).join(' ')}
  ${post('startRecording')}
  ${post('stopRecording')}

See the records:

  ${keys} aws s3 ls --recursive s3://${LIBRARY} --endpoint-url ${s3Url}
`);
}

/** What is worth a line on the terminal. */
function eventLine({ source, 'detail-type': type, detail }: EventBridgeEvent): string | undefined {
  if (source !== EVENT_SOURCE) return undefined;
  const stream = `${String(detail.streamName)} (${String(detail.recordingId)})`;
  if (type === EVENT_TYPES.recordAvailable) {
    const seconds = (Number(detail.durationMs) / 1000).toFixed(1);
    return `${type}: ${stream}: s3://${String(detail.bucket)}/${String(detail.key)}, ${seconds} s, ${String(detail.bytes)} bytes`;
  }
  return type === EVENT_TYPES.partFinished ? undefined : `${type}: ${stream}`;
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
