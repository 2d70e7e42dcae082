import { type Benchmark, type Measurement, median } from '../report.ts';
import { BASELINE, type Cost, costLines, costOf, describeCalls, sumOf } from './cost.ts';
import { FlvClip, HD_4_MBIT, hd } from './flvClip.ts';
import { RecorderPlace } from './place.ts';

const AIM = 0.35;
/** At 4 Mbit/s: shorter than that, and the calls of an S3 part might not be among those counted. */
const S3_PART_SECONDS = 16;
/** Of another bit rate than 4 Mbit/s, and over HTTP, where all media pass through the recorder's proxy. */
const AIM_ELSEWHERE = 0.5;

/** What a recording costs while it goes on, and what it asks of S3. */
export const recorder: Benchmark = {
  name: 'recorder: CPU, memory, requests',
  async run({ quick }) {
    const place = await RecorderPlace.start();
    try {
      const seconds = quick ? S3_PART_SECONDS : 120;
      const cost = await costOf(place, await FlvClip.make(HD_4_MBIT), { seconds });
      const measured = [...costLines('4 Mbit/s', cost, AIM), ...onceLines(cost)];
      if (quick) return measured;
      const http = await costOf(place, await FlvClip.make(HD_4_MBIT), { over: 'http', seconds: 60 });
      measured.push(...costLines('4 Mbit/s over HTTP', http, AIM_ELSEWHERE));
      for (const options of [{ ...HD_4_MBIT, size: '640x360', videoBitsPerSecond: 500_000 }, hd(20)]) {
        const name = `${options.videoBitsPerSecond / 1e6} Mbit/s`;
        const there = await costOf(place, await FlvClip.make(options), { seconds: 60 });
        measured.push(...costLines(name, there, AIM_ELSEWHERE), requests(name, there));
      }
      return measured;
    } finally {
      await place.close();
    }
  },
};

/** Ten recorders on one machine: does one cost what it costs alone, and is every record whole? */
export const tenRecorders: Benchmark = {
  name: 'ten recorders side by side',
  async run() {
    const place = await RecorderPlace.start();
    try {
      const cost = await costOf(place, await FlvClip.make(HD_4_MBIT), { recorders: 10, seconds: 60 });
      const shortestMs = Math.min(...cost.ended.map(({ final }) => final.durationMs));
      const gaps = sumOf(cost.ended.map(({ final }) => final.gaps?.length ?? 0));
      if (gaps > 0) throw new Error(`${gaps} gaps`);
      return [
        ...costLines('each, on average', cost, AIM_ELSEWHERE),
        {
          name: 'the one that costs most',
          value: Math.max(...cost.own) / cost.plain,
          unit: '×',
          baseline: BASELINE,
          detail: `all records whole, the shortest has ${(shortestMs / 1000).toFixed(1)} s`,
        },
      ];
    } finally {
      await place.close();
    }
  },
};

function onceLines(cost: Cost): Measurement[] {
  const finishes = cost.ended.map(({ final, outcome }) => outcome.atMs - final.endTimeMillis);
  return [
    requests('4 Mbit/s', cost),
    { name: 'start of a recorder, once: own CPU', value: median(cost.startUp), unit: 's' },
    {
      name: 'last byte to completed record',
      value: median(finishes),
      unit: 'ms',
      detail: `of ${Math.round((cost.ended[0]?.final.durationMs ?? 0) / 1000)} s`,
    },
  ];
}

function requests(what: string, { calls }: Cost): Measurement {
  return {
    name: `${what}: requests to S3 for a minute`,
    value: sumOf(Object.values(calls)),
    unit: 'requests',
    detail: describeCalls(calls),
  };
}
