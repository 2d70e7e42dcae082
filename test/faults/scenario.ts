import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Runtime } from '../../infra/local/runtime.ts';
import { waitFor } from '../support/children.ts';
import { decodeErrors, readCounters } from '../support/counterStream.ts';
import { journaledOf } from '../support/journal.ts';
import { Publisher } from './publisher.ts';
import { ffmpegPid, kill, recorderPid } from './victim.ts';

export const KINDS = ['recorder', 'ffmpeg', 'both', 'source'] as const;
/**
 * SIGKILL, and SIGTERM, of one worker, and of one host; one whose event loop hangs for a while, as far as others can tell, so
 * that a host is taken for gone and comes back; and S3 away from all of them.
 */
export const HOST_KINDS = [
  ...(['worker', 'host', 'workerTerm', 'hostTerm'] as const),
  ...(['workerHangs', 'hostHangs', 'outageOfHosts'] as const),
] as const;
export type HostKind = (typeof HOST_KINDS)[number];
export type Kind = (typeof KINDS)[number] | 'outage' | HostKind;
export const FORMATS = ['mp4', 'ts', 'mkv'] as const;
export type Format = (typeof FORMATS)[number];

export interface Scenario {
  readonly name: string;
  readonly kind: Kind;
  readonly format: Format;
  /** From the first acknowledged checkpoint to the kill. */
  readonly afterMs: number;
}

export interface Ground {
  readonly runtime: Runtime;
  readonly s3: S3Client;
  readonly rtmpUrl: string;
  readonly folder: string;
}

export interface Result {
  readonly scenario: Scenario;
  /** Frames of the source that are missing before the kill, in milliseconds. */
  readonly lossMs: number;
  /** From the kill to the first frame after it, in milliseconds; undefined where nothing was to follow. */
  readonly gapMs: number | undefined;
  /** Frames that are missing in all, where some may be. */
  readonly missing?: number;
  /** By how much the clocks of two parts differ that both have the same frame, at worst. */
  readonly skewMs?: number;
  readonly problems: readonly string[];
}

export interface RecordingView {
  readonly status: string;
  readonly reason?: { readonly code: string };
  readonly parts: readonly {
    readonly part: number;
    readonly startTime?: string;
    readonly download?: { readonly url: string };
  }[];
}

export const FPS = 25;
/** Of these an ffmpeg is killed. */
const HAS_FFMPEG: ReadonlySet<Scenario['kind']> = new Set(['ffmpeg', 'both']);

/** One recording, one kill, and what is in the library afterwards. */
export async function play(ground: Ground, scenario: Scenario): Promise<Result> {
  const { runtime, rtmpUrl } = ground;
  const session = scenario.name;
  const url = `${rtmpUrl}/${session}`;
  const publisher = new Publisher(url);
  try {
    await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
    const recordingId = await start(runtime, session, scenario.format, HAS_FFMPEG.has(scenario.kind));
    await waitFor('the first checkpoint', () => hasCheckpoint(ground, recordingId), { timeoutMs: 40_000 });
    await delay(scenario.afterMs);
    const sent = publisher.frames;
    await strike(scenario.kind, recordingId, publisher);
    if (scenario.kind === 'source') await call(runtime, 'DELETE', `/streams/${session}`);
    else {
      await waitFor(
        'the recording to go on',
        async () => {
          const { parts, status } = await view(runtime, recordingId);
          if (status === 'failed' || status === 'available') throw new Error(`it is ${status}`);
          // A killed ffmpeg goes on in the same part: a moment is given to it.
          return scenario.kind === 'ffmpeg' ? true : parts.length > 1 || undefined;
        },
        { timeoutMs: 60_000 },
      );
      await delay(4_000);
      await call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId: session });
    }
    const done = await available(runtime, recordingId);
    return await judge(ground, scenario, recordingId, done, sent);
  } catch (error) {
    return { scenario, lossMs: Number.NaN, gapMs: undefined, problems: [String(error)] };
  } finally {
    await publisher.kill();
  }
}

/** One recording through an outage of S3: nothing may be missing. */
export async function playOutage(ground: Ground, scenario: Scenario, outageMs: number): Promise<Result> {
  const { runtime, rtmpUrl } = ground;
  const session = scenario.name;
  const url = `${rtmpUrl}/${session}`;
  const publisher = new Publisher(url);
  try {
    await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
    const recordingId = await start(runtime, session, scenario.format);
    await waitFor('the first checkpoint', () => hasCheckpoint(ground, recordingId), { timeoutMs: 40_000 });
    await delay(scenario.afterMs);
    runtime.faults.s3.add({ service: 's3', action: { kind: 'vanish', durationMs: outageMs } });
    await delay(outageMs + 4_000);
    const sent = publisher.frames;
    await delay(2_000);
    await call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId: session });
    return await judge(ground, scenario, recordingId, await available(runtime, recordingId), sent);
  } catch (error) {
    return { scenario, lossMs: Number.NaN, gapMs: undefined, problems: [String(error)] };
  } finally {
    await publisher.kill();
  }
}

export function available(runtime: Runtime, recordingId: string): Promise<RecordingView> {
  return waitFor(
    'the record in the library',
    async () => {
      const found = await view(runtime, recordingId);
      if (found.status === 'failed') throw new Error(`failed: ${JSON.stringify(found.reason)}`);
      return found.status === 'available' ? found : undefined;
    },
    { timeoutMs: 90_000, everyMs: 300 },
  );
}

async function strike(kind: Kind, recordingId: string, publisher: Publisher): Promise<void> {
  const recorder = recorderPid(recordingId);
  if (recorder === undefined) throw new Error('there is no recorder to kill');
  const ffmpeg = ffmpegPid(recorder);
  if (kind === 'source') return publisher.kill();
  if (kind !== 'ffmpeg' && !kill(recorder)) throw new Error('the recorder had gone');
  if (kind !== 'recorder' && !kill(ffmpeg) && kind === 'ffmpeg') throw new Error('ffmpeg had gone');
}

/** The parts that hold anything, in order, each decoded once from end to end. */
export async function partFiles(
  { folder }: Ground,
  scenario: Scenario,
  recordingId: string,
  { parts }: RecordingView,
): Promise<{
  readonly files: readonly { readonly file: string; readonly startTime: string }[];
  readonly problems: string[];
}> {
  const problems: string[] = [];
  const files: { readonly file: string; readonly startTime: string }[] = [];
  for (const { part, download, startTime = '' } of parts) {
    if (download === undefined) continue;
    const file = path.join(folder, `${recordingId}-${part}.${scenario.format}`);
    await writeFile(file, Buffer.from(await (await fetch(download.url)).arrayBuffer()));
    const errors = await decodeErrors(file);
    // A transport stream that was joined has jumps in its counters, which players step over.
    if (errors !== '' && scenario.format !== 'ts') problems.push(`part ${part}: ${errors.split('\n')[0]}`);
    files.push({ file, startTime });
  }
  return { files, problems };
}

async function judge(
  ground: Ground,
  scenario: Scenario,
  recordingId: string,
  done: RecordingView,
  sent: number,
): Promise<Result> {
  const { files, problems } = await partFiles(ground, scenario, recordingId, done);
  const counters: number[] = [];
  for (const { file } of files) counters.push(...(await readCounters(file)));
  for (const [i, counter] of counters.entries()) {
    if (i > 0 && counter <= (counters[i - 1] ?? 0)) problems.push(`frame ${counter} twice`);
  }
  const before = counters.filter((counter) => counter <= sent);
  const after = counters.find((counter) => counter > sent);
  const last = before.at(-1);
  if (last === undefined) problems.push('nothing from before the kill');
  const first = counters[0] ?? 0;
  const missing = before.length === 0 ? 0 : (last ?? 0) - first + 1 - before.length;
  if (missing > 0) problems.push(`${missing} frames missing before the kill`);
  if (after === undefined && scenario.kind !== 'source') problems.push('nothing from after the kill');
  return {
    scenario,
    lossMs: ((sent - (last ?? 0)) / FPS) * 1000,
    gapMs: after === undefined ? undefined : ((after - sent) / FPS) * 1000,
    problems,
  };
}

/** Something is saved, of a file that has been opened: before that a later attempt takes its number, and nobody its bytes. */
export async function hasCheckpoint({ s3, runtime }: Ground, recordingId: string): Promise<true | undefined> {
  if ((await journaledOf(s3, 'landing', recordingId)).length === 0) return undefined;
  return (await view(runtime, recordingId)).parts.length > 0 ? true : undefined;
}

/** @param hasFfmpeg its sound is encoded: what is copied the recorder reads by itself */
export async function start(
  runtime: Runtime,
  mediaSessionId: string,
  format: Format,
  hasFfmpeg = false,
): Promise<string> {
  const encoded = hasFfmpeg ? { audioSampleRate: 48_000 } : {};
  const body = { mediaSessionId, config: { format: `h264-${format}`, ...encoded } };
  const answer = await call(runtime, 'POST', '/rest-api/recorder/startup', body);
  return (answer as { readonly recordingId: string }).recordingId;
}

export async function view(runtime: Runtime, recordingId: string): Promise<RecordingView> {
  return (await call(runtime, 'GET', `/recordings/${recordingId}`)) as RecordingView;
}

export async function call(runtime: Runtime, method: string, route: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${runtime.apiUrl}${route}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}
