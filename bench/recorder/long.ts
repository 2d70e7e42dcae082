import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../test/support/children.ts';
import type { Benchmark, Measurement } from '../report.ts';
import { ClipSource } from './clipSource.ts';
import { peakLine, peakUntilEnd } from './cost.ts';
import { FlvClip, HD_4_MBIT } from './flvClip.ts';
import { RecorderPlace, type RunningRecorder } from './place.ts';
import { memoryMb } from './processes.ts';

const HOUR_MS = 3_600_000;
/** 200 Mbit/s: what this machine's S3 endpoint takes as it comes, so that nothing waits at the end. */
const HOUR_SPEED = 50;
const DAY_MS = 24 * HOUR_MS;
const FASTSTART = 'ffmpeg +faststart';
const SAMPLE_MS = 200;
/** As many samples as any stream has, in as few bytes as can be: 25 frames a second, and AAC. */
const SMALL_FRAMES = { size: '64x64', videoBitsPerSecond: 30_000, audioBitsPerSecond: 24_000 };

/** An hour of 4 Mbit/s, faster than real time: what is left to do after its last byte. */
export const hour: Benchmark = {
  name: 'finishing one hour',
  async run() {
    const place = await RecorderPlace.start();
    const clip = await FlvClip.make(HD_4_MBIT);
    const source = await ClipSource.start(clip, { speed: HOUR_SPEED, durationMs: HOUR_MS });
    try {
      const recorder = await place.record(source.url);
      const peak = peakUntilEnd(recorder);
      const { final, outcome } = await recorder.ended();
      expectLength(final.durationMs, HOUR_MS);
      const ownMs = outcome.atMs - final.endTimeMillis;
      const theirMs = await faststartMs(place, clip);
      return [
        {
          name: 'last byte to completed record',
          value: ownMs / theirMs,
          unit: '×',
          baseline: FASTSTART,
          detail: `${ownMs} ms against ${theirMs.toFixed(0)} ms for its second pass, ${(final.bytes / 1e9).toFixed(2)} GB`,
        },
        peakLine(`peak memory, at ${HOUR_SPEED} times real time`, await peak),
      ];
    } finally {
      await source.close();
      await place.close();
    }
  },
};

/** Plain ffmpeg from its source's end to its own, with the index in front: it writes all of the file again. */
async function faststartMs(place: RecorderPlace, clip: FlvClip): Promise<number> {
  const source = await ClipSource.start(clip, { speed: HOUR_SPEED, durationMs: HOUR_MS });
  const file = path.join(place.folder, 'faststart.mp4');
  const plain = new Child('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-i', source.url, '-c', 'copy', '-movflags', '+faststart', file],
  ]);
  try {
    const [exitCode] = (await once(plain.process, 'exit')) as [number | null];
    const endedAt = source.endedAt;
    if (exitCode !== 0 || endedAt === undefined) throw new Error(`plain ffmpeg failed: ${plain.output}`);
    return performance.now() - endedAt;
  } finally {
    await plain.stop();
    await source.close();
    await rm(file, { force: true });
  }
}

/** 24 hours of samples at full speed: is the memory flat, and does the index of a day fit? */
export const day: Benchmark = {
  name: 'memory over 24 hours of small frames',
  async run() {
    const place = await RecorderPlace.start();
    const source = await ClipSource.start(await FlvClip.make(SMALL_FRAMES), {
      speed: Number.POSITIVE_INFINITY,
      durationMs: DAY_MS,
    });
    try {
      const recorder = await place.record(source.url);
      const peak = peakUntilEnd(recorder);
      const samples = await memoryWhile(recorder, source);
      const { final } = await recorder.ended();
      expectLength(final.durationMs, DAY_MS);
      const until = (share: number): number =>
        Math.max(...samples.filter(({ sentMs }) => sentMs <= share * DAY_MS).map(({ mb }) => mb));
      return [
        { name: 'own memory while it records, its peak', value: until(1), unit: 'MB', aim: 100 },
        growth(until),
        {
          name: 'own memory to its end, the index included',
          value: (await peak).ownMb,
          unit: 'MB',
          aim: 100,
        },
        peakLine('all memory', await peak),
      ];
    } finally {
      await source.close();
      await place.close();
    }
  },
};

function growth(until: (share: number) => number): Measurement {
  return {
    name: 'peak of the day',
    value: until(1) / until(1 / 4),
    unit: '×',
    baseline: 'peak of its first quarter',
    detail: [1 / 4, 1 / 2, 3 / 4, 1]
      .map((share) => `${until(share).toFixed(0)} MB until ${24 * share} h`)
      .join(', '),
  };
}

async function memoryWhile(
  recorder: RunningRecorder,
  source: ClipSource,
): Promise<{ readonly sentMs: number; readonly mb: number }[]> {
  const samples = [];
  while (recorder.running && source.endedAt === undefined) {
    samples.push({ sentMs: source.sentMs, mb: memoryMb(recorder.pid, 'RssAnon') });
    await delay(SAMPLE_MS);
  }
  return samples;
}

/** A record that is not whole proves nothing. */
function expectLength(actualMs: number, expectedMs: number): void {
  if (Math.abs(actualMs - expectedMs) > 1_000) throw new Error(`recorded ${actualMs} of ${expectedMs} ms`);
}
