import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { decodeErrors, probe, trackText, whatIsOff } from './demoRecord.ts';
import { LogFiles } from './logFiles.ts';
import { testStreamArguments } from './publish.ts';
import { type Runtime, startRuntime } from './runtime.ts';
import { ensureTools, FFMPEG } from './tools.ts';

/** `npm run demo`: a stream, recorded over the HTTP API, until its record is in the library. */

const SESSION = 'demo';
const RECORD_MS = 8_000;
/** A busy machine takes its time. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const recordingSchema = z.object({
  recordingId: z.string(),
  status: z.string(),
  reason: z.optional(z.object({ message: z.string() })),
  parts: z.array(
    z.object({
      durationMs: z.optional(z.number()),
      library: z.optional(z.object({ bucket: z.string(), key: z.string() })),
      download: z.optional(z.object({ url: z.string() })),
    }),
  ),
});
type Recording = z.infer<typeof recordingSchema>;

async function demo(runtime: Runtime, outputFolder: string): Promise<void> {
  say('2. Starting the recording over the HTTP API.');
  const started = await patiently('the stream to be known', async () => {
    const answer = await post(runtime, 'startRecording');
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`startRecording answered ${answer.status}: ${await answer.text()}`);
    return z.object({ recordingId: z.string() }).parse(await answer.json());
  });
  const read = (): Promise<Recording> => readRecording(runtime, started.recordingId);
  await patiently('the first frame', async () => (await read()).status === 'recording' || undefined);

  const beganMs = performance.now();
  let recordedMs = 0;
  while (recordedMs < RECORD_MS) {
    progress(`   recording ${started.recordingId}: ${(recordedMs / 1000).toFixed(1)} s`);
    await delay(LOOK_EVERY_MS);
    recordedMs = performance.now() - beganMs;
    const { status } = await read();
    if (status !== 'recording') throw new Error(`the recording is ${status}`);
  }
  progress(`   recording ${started.recordingId}: ${(recordedMs / 1000).toFixed(1)} s\n`);

  say('3. Stopping it, and waiting for the record in the library.');
  const stopped = await post(runtime, 'stopRecording');
  if (!stopped.ok) throw new Error(`stopRecording answered ${stopped.status}: ${await stopped.text()}`);
  const recording = await patiently('the record', async () => {
    const found = await read();
    return found.status === 'available' ? found : undefined;
  });

  const [part, ...others] = recording.parts;
  if (part?.library === undefined || part.download === undefined || others.length > 0)
    throw new Error(`one part in the library was expected: ${JSON.stringify(recording.parts)}`);
  const answer = await fetch(part.download.url);
  if (!answer.ok) throw new Error(`the link to the record answered ${answer.status}`);
  const file = path.join(outputFolder, path.basename(part.library.key));
  await mkdir(outputFolder, { recursive: true });
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));

  const found = await probe(file);
  say('');
  say(`   record    s3://${part.library.bucket}/${part.library.key}`);
  say(`   size      ${found.format.size} bytes`);
  say(`   tracks    ${found.streams.map(trackText).join('; ')}`);
  say(`   duration  ${Number(found.format.duration).toFixed(2)} s`);
  say('');
  const problems = whatIsOff(found, { recordedMs, durationMs: part.durationMs ?? 0 });
  const undecoded = await decodeErrors(file);
  if (undecoded !== '') problems.push(`it does not decode: ${undecoded}`);
  if (problems.length > 0) throw new Error(`something is off with the record: ${problems.join('; ')}`);
  say(`Play it:  ffplay ${file}   (or vlc, mpv, a browser)`);
}

function post(runtime: Runtime, route: string): Promise<Response> {
  return fetch(`${runtime.apiUrl}/rest-api/stream/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mediaSessionId: SESSION }),
  });
}

/** @throws Error when the recording has failed */
async function readRecording(runtime: Runtime, recordingId: string): Promise<Recording> {
  const answer = await fetch(`${runtime.apiUrl}/recordings/${recordingId}`);
  if (!answer.ok) throw new Error(`the recording cannot be read: ${answer.status} ${await answer.text()}`);
  const recording = recordingSchema.parse(await answer.json());
  if (recording.status === 'failed') throw new Error(`the recording failed: ${recording.reason?.message}`);
  return recording;
}

async function patiently<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}

/** On a terminal one line that changes; elsewhere only its last state. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${text}`);
  else if (text.endsWith('\n')) process.stdout.write(text);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function main(): Promise<boolean> {
  if (ensureTools([FFMPEG]).length > 0) return false;
  const outputFolder = path.resolve(process.env.DATA_DIR || '.data', 'demo');
  const dataDir = await mkdtemp(path.join(tmpdir(), 'stream-recorder-demo-'));
  const logs = new LogFiles(path.join(dataDir, 'logs'), (line) => process.stderr.write(`${line}\n`));
  const runtime = await startRuntime({ dataDir, onLog: (source, line) => logs.write(source, line) });
  say('1. Publishing a test stream: a moving picture and a tone.');
  const publisher = spawn('ffmpeg', testStreamArguments(`${runtime.rtmpUrl}/live/${SESSION}`), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => {
    throw new Error('interrupted');
  });
  try {
    await Promise.race([demo(runtime, outputFolder), interrupted]);
    await end(publisher);
    await runtime.close();
    logs.close();
    await rm(dataDir, { recursive: true });
    return true;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`Logs: ${path.join(dataDir, 'logs')}\n`);
    await end(publisher);
    await runtime.close({ graceMs: 0 });
    return false;
  }
}

process.exit((await main()) ? 0 : 1);
