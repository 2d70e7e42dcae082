import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../test/support/children.ts';
import type { Measurement } from '../report.ts';
import { ClipSource } from './clipSource.ts';
import type { FlvClip } from './flvClip.ts';
import type { Calls, Ended, RecorderPlace, RunningRecorder } from './place.ts';
import { cpuSeconds, memoryMb } from './processes.ts';
import { RtmpSource } from './rtmpSource.ts';

export const BASELINE = 'ffmpeg -c copy to a file';
/** What begins a recording is no cost of its minutes: the first S3 requests, compiling the code that runs often. */
const SETTLE_MS = 3_000;

export interface Cost {
  /** CPU seconds of each recorder for a recorded minute, without ffmpeg. */
  readonly own: readonly number[];
  readonly ownFfmpeg: readonly number[];
  /** Of plain ffmpeg beside them. */
  readonly plain: number;
  /** CPU seconds until the recording had settled, once for each recording. */
  readonly startUp: readonly number[];
  /** Until the end of the recording, of the recorder that took most. */
  readonly peak: PeakMemory;
  /** S3 calls for a recorded minute, of all recorders together. */
  readonly calls: Calls;
  readonly ended: readonly Ended[];
}

/**
 * Recorders and plain ffmpeg side by side, on the same source, in real time, over the same seconds: what disturbs one
 * disturbs the others.
 */
export async function costOf(
  place: RecorderPlace,
  clip: FlvClip,
  {
    recorders: count = 1,
    over = 'rtmp',
    seconds,
  }: { readonly recorders?: number; readonly over?: 'rtmp' | 'http'; readonly seconds: number },
): Promise<Cost> {
  const source =
    over === 'rtmp' ? await RtmpSource.start(clip, place.folder) : await ClipSource.start(clip, { speed: 1 });
  const file = path.join(place.folder, 'plain.mp4');
  const plain = new Child('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-i', source.url, '-c', 'copy', file]);
  const plainPid = plain.process.pid ?? 0;
  try {
    const recorders = await Promise.all(Array.from({ length: count }, () => place.record(source.url)));
    await delay(SETTLE_MS);
    const before = recorders.map(cpuOf);
    const plainBefore = cpuSeconds(plainPid);
    const callsBefore = await place.calls();
    const startedAt = performance.now();
    await delay(seconds * 1000);
    const perMinute = 60_000 / (performance.now() - startedAt);
    const after = recorders.map(cpuOf);
    const plainCpu = cpuSeconds(plainPid) - plainBefore;
    const calls = await place.calls();
    const peaks = recorders.map((recorder) => peakUntilEnd(recorder));
    const ended = await Promise.all(recorders.map((recorder) => recorder.stop()));
    for (const { final } of ended) {
      if (final.durationMs < seconds * 1000) throw new Error(`only ${final.durationMs} ms were recorded`);
    }
    return {
      own: after.map(({ own }, i) => (own - (before[i]?.own ?? 0)) * perMinute),
      ownFfmpeg: after.map(({ ffmpeg }, i) => (ffmpeg - (before[i]?.ffmpeg ?? 0)) * perMinute),
      plain: plainCpu * perMinute,
      startUp: before.map(({ own }) => own),
      peak: (await Promise.all(peaks)).reduce(higher),
      calls: Object.fromEntries(
        Object.entries(calls).map(([name, n]) => [name, (n - (callsBefore[name] ?? 0)) * perMinute]),
      ),
      ended,
    };
  } finally {
    await plain.stop();
    await source.close();
    await rm(file, { force: true });
  }
}

function cpuOf(recorder: RunningRecorder): { readonly own: number; readonly ffmpeg: number } {
  const { pid, ffmpegPid } = recorder;
  return { own: cpuSeconds(pid), ffmpeg: ffmpegPid === undefined ? 0 : cpuSeconds(ffmpegPid) };
}

export interface PeakMemory {
  /** Since the recorder began, the pages of Node's program file included. */
  readonly residentMb: number;
  /** Those pages. */
  readonly fileMb: number;
  /** The recorder's own, since it was asked for. */
  readonly ownMb: number;
}

/** Finishing a record may need more memory than recording it. */
export async function peakUntilEnd(recorder: RunningRecorder): Promise<PeakMemory> {
  let peak: PeakMemory = { residentMb: 0, fileMb: 0, ownMb: 0 };
  while (recorder.running) {
    peak = higher(peak, memoryOf(recorder) ?? peak);
    await delay(10);
  }
  return peak;
}

const higher = (a: PeakMemory, b: PeakMemory): PeakMemory => ({
  residentMb: Math.max(a.residentMb, b.residentMb),
  fileMb: Math.max(a.fileMb, b.fileMb),
  ownMb: Math.max(a.ownMb, b.ownMb),
});

/** Undefined when the process has gone, or is on its way: then it has no memory any more. */
function memoryOf({ pid }: RunningRecorder): PeakMemory | undefined {
  try {
    const residentMb = memoryMb(pid, 'VmHWM');
    return residentMb > 0
      ? { residentMb, fileMb: memoryMb(pid, 'RssFile'), ownMb: memoryMb(pid, 'RssAnon') }
      : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The line of one peak. @param aim for all of it */
export function peakLine(name: string, { residentMb, fileMb }: PeakMemory, aim?: number): Measurement {
  return {
    name: `${name}, without ffmpeg`,
    value: residentMb,
    unit: 'MB',
    ...(aim !== undefined && { aim }),
    detail: `${fileMb.toFixed(0)} MB of it are pages of Node's program file`,
  };
}

/** Calls by how many there are, for a line's detail. */
export function describeCalls(calls: Calls): string {
  return Object.entries(calls)
    .filter(([, count]) => count > 0.5)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count.toFixed(0)} ${name}`)
    .join(', ');
}

export const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The lines that every cost has. @param aim of the recorder's own CPU */
export function costLines(what: string, cost: Cost, aim: number): Measurement[] {
  const own = sumOf(cost.own) / cost.own.length;
  const ffmpeg = sumOf(cost.ownFfmpeg) / cost.ownFfmpeg.length;
  return [
    {
      name: `${what}: own CPU`,
      value: own / cost.plain,
      unit: '×',
      baseline: BASELINE,
      aim,
      detail: `CPU s a minute: recorder ${own.toFixed(2)}, its ffmpeg ${ffmpeg.toFixed(2)}, plain ffmpeg ${cost.plain.toFixed(2)}`,
    },
    peakLine(`${what}: peak memory`, cost.peak, 120),
  ];
}
