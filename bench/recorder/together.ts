import { setTimeout as delay } from 'node:timers/promises';
import { type Benchmark, type Measurement, median } from '../report.ts';
import { sumOf } from './cost.ts';
import { FlvClip, hd } from './flvClip.ts';
import { HostPlace } from './hostPlace.ts';
import { RecorderPlace } from './place.ts';
import { childrenOf, cpuSeconds } from './processes.ts';
import { RtmpSource } from './rtmpSource.ts';

/** Of 0.5 Mbit/s: what is measured is how they begin. */
const CLIP = { ...hd(0.5), framesPerKeyframe: 25 };
const WARM_UP = 3;
const SETTLE_MS = 3_000;
const AIM_ALL_MS = 5_000;

/** Hosts that wait are given recordings at once, by their queue: functions, which have machines of their own, take no part. */
export const together: Benchmark = {
  name: 'a warm host: recordings at once',
  async run({ quick }) {
    if (quick) return [await measured(1, 5)];
    // Two have room for eighty, and those that they have begun with.
    return [await measured(1, 20), await measured(2, 75)];
  },
};

async function measured(hosts: number, count: number): Promise<Measurement> {
  const place = await RecorderPlace.start();
  const hosted = await HostPlace.start(place, hosts);
  const source = await RtmpSource.start(await FlvClip.make(CLIP), place.folder);
  try {
    await hosted.recordTogether(source.url, WARM_UP);
    await delay(SETTLE_MS);
    const before = cpuOf(hosted);
    const took = await hosted.recordTogether(source.url, count);
    const after = cpuOf(hosted);
    const spent = (part: 'node' | 'ffmpeg'): string =>
      (((after[part] - before[part]) * 1000) / count).toFixed(0);
    await hosted.stop();
    return {
      name: `${count} at once on ${hosts === 1 ? 'a warm host' : `${hosts} warm hosts`}, all recording`,
      value: took.at(-1) ?? 0,
      unit: 'ms',
      aim: AIM_ALL_MS,
      detail: `the first ${(took[0] ?? 0).toFixed(0)} ms, half of them ${median(took).toFixed(0)} ms; CPU ms of each until then: ${spent('node')} of the host, ${spent('ffmpeg')} of ffmpeg`,
    };
  } finally {
    await source.close();
    await hosted.close();
    await place.close();
  }
}

/** Seconds of the hosts' own processes, and of their ffmpegs. */
function cpuOf({ pids, workerPids }: HostPlace): { readonly node: number; readonly ffmpeg: number } {
  const ffmpegs = workerPids.flatMap(childrenOf);
  return { node: sumOf(pids.map(cpuSeconds)), ffmpeg: sumOf(ffmpegs.map(cpuSeconds)) };
}
