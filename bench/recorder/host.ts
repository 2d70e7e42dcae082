import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../test/support/children.ts';
import type { Benchmark } from '../report.ts';
import { BASELINE, describeCalls, sumOf } from './cost.ts';
import { FlvClip, HD_4_MBIT } from './flvClip.ts';
import { HostPlace } from './hostPlace.ts';
import { RecorderPlace } from './place.ts';
import { cpuSeconds, memoryMb } from './processes.ts';
import { RtmpSource } from './rtmpSource.ts';

const SETTLE_MS = 5_000;
/** A host lives for a day: by then its code is compiled, which is a good part of its first minutes. */
const WARM_SECONDS = 120;
const AIM_REQUESTS = 900;
const AIM_PUTS = 600;
const AIM_CPU = 0.9;
const AIM_MEMORY_MB = 25;
/** What S3 bills as PUT, COPY, POST or LIST; deletions are free. */
const isPut = (operation: string): boolean =>
  /^(Put|UploadPart|Create|Complete|Copy|List)/.test(operation) && !operation.includes('Delete');

interface Cpu {
  readonly minutes: number;
  /** CPU seconds a minute: of each recording, and of plain ffmpeg. */
  readonly own: number;
  readonly plain: number;
}

const describe = ({ own, plain }: Cpu): string => `${own.toFixed(2)}, plain ffmpeg ${plain.toFixed(2)}`;

async function cpuOf(own: () => number, plain: () => number, seconds: number): Promise<Cpu> {
  const before = { own: own(), plain: plain() };
  const startedAt = performance.now();
  await delay(seconds * 1000);
  const minutes = (performance.now() - startedAt) / 60_000;
  return { minutes, own: (own() - before.own) / minutes, plain: (plain() - before.plain) / minutes };
}

/** Recordings of 4 Mbit/s on one host: what each of them asks of S3 in an hour, and what it costs. */
export const host: Benchmark = {
  name: 'a host of recordings: requests, CPU, memory',
  async run({ quick }) {
    const [count, seconds, warmSeconds] = quick ? [4, 20, 0] : [20, 120, WARM_SECONDS];
    const place = await RecorderPlace.start({ tls: true });
    const hosted = await HostPlace.start(place);
    const source = await RtmpSource.start(await FlvClip.make(HD_4_MBIT), place.folder);
    const file = path.join(place.folder, 'plain.mp4');
    const plain = new Child('ffmpeg', [
      '-nostdin',
      '-v',
      'error',
      '-y',
      '-i',
      source.url,
      '-c',
      'copy',
      file,
    ]);
    try {
      for (let i = 0; i < count; i++) await hosted.record(source.url);
      await delay(SETTLE_MS);
      const { pids } = hosted;
      const ownCpu = (): number => sumOf(pids.map((pid) => cpuSeconds(pid))) / count;
      const plainCpu = (): number => cpuSeconds(plain.process.pid ?? 0);
      const first = await cpuOf(ownCpu, plainCpu, warmSeconds);
      const callsBefore = await place.calls();
      const warm = await cpuOf(ownCpu, plainCpu, seconds);
      const { minutes } = warm;
      const memory = sumOf(pids.map((pid) => memoryMb(pid, 'RssAnon'))) / count;
      const calls = Object.fromEntries(
        Object.entries(await place.calls()).map(([name, n]) => [
          name,
          ((n - (callsBefore[name] ?? 0)) / count / minutes) * 60,
        ]),
      );
      const shortestMs = Math.min(...(await hosted.stop()));
      if (shortestMs < seconds * 1000) throw new Error(`only ${shortestMs} ms were recorded`);
      const puts = Object.entries(calls).filter(([name]) => isPut(name));
      return [
        {
          name: `${count} on a host: requests for a recorded hour`,
          value: sumOf(Object.values(calls)),
          unit: 'requests',
          aim: AIM_REQUESTS,
          detail: describeCalls(calls),
        },
        {
          name: `${count} on a host: PUTs among them`,
          value: sumOf(puts.map(([, n]) => n)),
          unit: 'requests',
          aim: AIM_PUTS,
        },
        {
          name: `${count} on a host: own CPU of each`,
          value: warm.own / warm.plain,
          unit: '×',
          baseline: BASELINE,
          aim: AIM_CPU,
          detail: `over TLS; CPU s a minute: ${describe(warm)}${warmSeconds === 0 ? '' : `; in the first ${warmSeconds} s ${describe(first)}`}`,
        },
        {
          name: `${count} on a host: own memory of each`,
          value: memory,
          unit: 'MB',
          aim: AIM_MEMORY_MB,
          detail: 'supervisor and workers without ffmpeg, anonymous pages',
        },
      ];
    } finally {
      await plain.stop();
      await source.close();
      await rm(file, { force: true });
      await hosted.close();
      await place.close();
    }
  },
};
