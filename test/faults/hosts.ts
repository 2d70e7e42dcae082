import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { attemptKey } from '../../functions/core/state/keys.ts';
import { type Claim, claimSchema } from '../../functions/core/state/objects.ts';
import { waitFor } from '../support/children.ts';
import { readCounters } from '../support/counterStream.ts';
import { Publisher } from './publisher.ts';
import {
  available,
  call,
  FPS,
  type Ground,
  type HostKind,
  hasCheckpoint,
  partFiles,
  type RecordingView,
  type Result,
  type Scenario,
  start,
  view,
} from './scenario.ts';
import { hostPid, kill, warmHosts, workerPid } from './victim.ts';

type HostScenario = Scenario & { readonly kind: HostKind };

export interface HostOptions {
  /** Recordings beside each other. */
  readonly count: number;
  /** From the last one's first checkpoint on, before the random time of the scenario. */
  readonly ageMs: number;
  /** How long S3 is away. */
  readonly outageMs: number;
}

/** Longer than a host may say nothing (container/host/peers.ts). */
const HANG_MS = 12_000;
/** Only these lose anything. */
const KILLED: readonly string[] = ['worker', 'host'];
const MOVED: readonly string[] = ['worker', 'host', 'hostTerm'];

interface Running {
  readonly recordingId: string;
  readonly session: string;
  readonly claim: Claim;
}

const run = promisify(execFile);

/**
 * Recordings of one stream beside each other on hosts; a host, or one of its workers, gets a signal. Those that it carried
 * go on; the others notice nothing.
 */
export async function playHosts(
  ground: Ground,
  scenario: HostScenario,
  { count, ageMs, outageMs }: HostOptions,
): Promise<Result[]> {
  const { runtime, rtmpUrl } = ground;
  const url = `${rtmpUrl}/${scenario.name}`;
  // ECS has started another one for each that was killed before.
  await waitFor('two warm hosts', () => (warmHosts(ground.folder) === 2 ? true : undefined), {
    timeoutMs: 60_000,
  });
  const publisher = new Publisher(url);
  const names = Array.from({ length: count }, (_, i) => `${scenario.name}-${i}`);
  const stop = (mediaSessionId: string) =>
    call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId });
  try {
    const running = await Promise.all(names.map((name) => begin(ground, name, url, scenario)));
    await delay(ageMs + scenario.afterMs);
    const isVictim = victims(scenario.kind, running);
    const sent = publisher.frames;
    await strike(ground, scenario.kind, running[0]?.claim, outageMs);
    const moving = MOVED.includes(scenario.kind) ? running.filter(isVictim) : [];
    await Promise.all(moving.map((one) => goesOn(ground, one)));
    await delay(4_000);
    return await Promise.all(
      running.map(async (one) => {
        await stop(one.session);
        const done = await available(runtime, one.recordingId);
        return judgeHosted(ground, { ...scenario, name: one.session }, one, done, {
          sent,
          isVictim: isVictim(one),
        });
      }),
    );
  } catch (error) {
    // What goes on would be in the way of the next scenario.
    await Promise.allSettled(names.map(stop));
    return [{ scenario, lossMs: Number.NaN, gapMs: undefined, problems: [String(error)] }];
  } finally {
    await publisher.kill();
  }
}

async function begin(ground: Ground, session: string, url: string, { format }: Scenario): Promise<Running> {
  const { runtime, s3 } = ground;
  await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
  const recordingId = await start(runtime, session, format);
  await waitFor('the first checkpoint', () => hasCheckpoint(ground, recordingId), { timeoutMs: 60_000 });
  const found = await new StateStore(s3, 'landing').read(attemptKey(recordingId, 1, 'claim'), claimSchema);
  if (found === undefined) throw new Error('nobody has claimed it');
  return { recordingId, session, claim: found.value };
}

/** Of a host all that it carries; of its first worker, what shares a journal with the first recording. */
function victims(kind: HostKind, running: readonly Running[]): (one: Running) => boolean {
  const first = running[0]?.claim;
  if (first?.hostId === undefined) throw new Error('no host took it in time');
  if (kind === 'outageOfHosts') return () => true;
  const isOfWorker = kind.startsWith('worker');
  return ({ claim }) => (isOfWorker ? claim.journal === first.journal : claim.hostId === first.hostId);
}

async function strike(
  { runtime }: Ground,
  kind: HostKind,
  claim: Claim | undefined,
  outageMs: number,
): Promise<void> {
  if (kind === 'outageOfHosts') {
    runtime.faults.s3.add({ service: 's3', action: { kind: 'vanish', durationMs: outageMs } });
    return delay(outageMs);
  }
  const host = hostPid(claim?.hostId ?? '');
  const victim = host === undefined || kind.startsWith('host') ? host : workerPid(host, claim?.journal);
  if (victim === undefined) throw new Error('it had gone');
  if (kind.endsWith('Hangs')) {
    kill(victim, 'SIGSTOP');
    await delay(HANG_MS);
    kill(victim, 'SIGCONT');
    return;
  }
  // Killed, a host's container goes as a whole; told to end, its first process is told alone.
  const target = kind === 'host' ? -victim : victim;
  if (!kill(target, kind.endsWith('Term') ? 'SIGTERM' : 'SIGKILL')) throw new Error('it had gone');
}

async function goesOn({ runtime }: Ground, { recordingId }: Running): Promise<void> {
  await waitFor(
    `${recordingId} to go on`,
    async () => {
      const { parts, status } = await view(runtime, recordingId);
      if (status === 'failed' || status === 'available') throw new Error(`it is ${status}`);
      return parts.length > 1 || undefined;
    },
    { timeoutMs: 90_000 },
  );
}

/** A frame of a record. */
interface Frame {
  readonly counter: number;
  /** By the part's wall clock, in epoch milliseconds. */
  readonly atMs: number;
}

/** How it went for a recording, of which each frame counts once: where two parts overlap, the later one's are taken. */
async function judgeHosted(
  ground: Ground,
  scenario: HostScenario,
  { recordingId }: Running,
  done: RecordingView,
  { sent, isVictim }: { readonly sent: number; readonly isVictim: boolean },
): Promise<Result> {
  const { files, problems } = await partFiles(ground, scenario, recordingId, done);
  const parts: Frame[][] = [];
  for (const { file, startTime } of files) parts.push(await framesOf(file, Date.parse(startTime)));
  const { frames, skewMs } = cutAtOverlaps(parts);
  const counters = frames.map(({ counter }) => counter);
  const [first = 0, last = 0] = [counters[0], counters.at(-1)];
  for (const [i, counter] of counters.entries())
    if (i > 0 && counter <= (counters[i - 1] ?? 0)) problems.push(`frame ${counter} twice`);
  const missing = last - first + 1 - new Set(counters).size;
  const isKilled = isVictim && KILLED.includes(scenario.kind);
  if (missing > 0 && !isKilled) problems.push(`${missing} frames missing`);
  if (!isVictim && parts.length > 1) problems.push('it noticed what another one met');
  const lastBefore = counters.findLast((counter) => counter <= sent) ?? first;
  const after = counters.find((counter) => counter > sent);
  if (after === undefined) problems.push('nothing from after the signal');
  return {
    scenario,
    lossMs: ((sent - lastBefore) / FPS) * 1000,
    gapMs: after === undefined ? undefined : ((after - sent) / FPS) * 1000,
    problems,
    ...(isVictim ? { missing } : {}),
    ...(skewMs === undefined ? {} : { skewMs }),
  };
}

async function framesOf(file: string, startTimeMs: number): Promise<Frame[]> {
  const counters = await readCounters(file);
  const entries = ['-select_streams', 'v:0', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, file]);
  // What a transport stream says beside has lines of its own.
  const packets = stdout.split('\n').filter((line) => /^-?[\d.]+,/.test(line));
  if (packets.length !== counters.length)
    throw new Error(`${packets.length} packets give ${counters.length} frames`);
  const times = packets.map((line) => Number(line.split(',')[0]));
  const [begin = 0] = times;
  return times.map((time, i) => ({ counter: counters[i] ?? 0, atMs: startTimeMs + 1000 * (time - begin) }));
}

/**
 * The earlier part is cut where the later one begins.
 * @returns besides, by how much their clocks differ there, at worst: whoever cuts by the clock cuts so far off
 */
function cutAtOverlaps(parts: readonly (readonly Frame[])[]): {
  readonly frames: readonly Frame[];
  readonly skewMs: number | undefined;
} {
  let skewMs: number | undefined;
  const frames = parts.flatMap((part, i) => {
    const next = parts[i + 1]?.[0];
    const at = part.findIndex(({ counter }) => counter === next?.counter);
    const same = part[at];
    if (next === undefined || same === undefined) return [...part];
    skewMs = Math.max(skewMs ?? 0, Math.abs(same.atMs - next.atMs));
    return part.slice(0, at);
  });
  return { frames, skewMs };
}
