import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { patternBytes } from '../test/contract/s3/support.ts';
import { MoveBench } from '../test/functions/relocation/bench.ts';
import { TOOLS } from '../test/support/tools.ts';
import { type Benchmark, type Measurement, median } from './report.ts';

const MIB = 1024 * 1024;
const BASELINE = 'aws s3 mv';
/** As many moves as run at a time in AWS. */
const AT_ONCE = 100;

interface Cost {
  readonly ms: number;
  readonly requests: number;
}

/** A record from landing to the library, against what an on-record script would call. */
export const moves: Benchmark = {
  name: 'moves of records',
  async run({ quick }) {
    const bench = await MoveBench.start();
    try {
      const measured: Measurement[] = [];
      for (const [what, bytes] of [
        ['1 MiB', MIB],
        ['100 MiB', 100 * MIB],
      ] as const) {
        measured.push(...(await against(bench, what, patternBytes(bytes), quick ? 3 : 7)));
      }
      measured.push(await burst(bench, quick ? 200 : 1000));
      return measured;
    } finally {
      await bench.close();
    }
  },
};

async function against(bench: MoveBench, what: string, body: Buffer, runs: number): Promise<Measurement[]> {
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  for (let run = 0; run < runs; run++) {
    const landed = await bench.land(body, { streamName: `${what} ${run}` });
    ours.push(await cost(bench, () => bench.move(landed.key)));
    if (!TOOLS.aws.present()) continue;
    await bench.put('landing', 'records/baseline.mp4', body);
    theirs.push(await cost(bench, () => awsMove(bench, `baseline ${what} ${run}.mp4`)));
  }
  const requests = median(ours.map((one) => one.requests));
  const ms = median(ours.map((one) => one.ms));
  if (theirs.length === 0) {
    return [{ name: `${what}: a move`, value: ms, unit: 'ms', detail: 'no aws to compare with' }];
  }
  const theirRequests = median(theirs.map((one) => one.requests));
  const theirMs = median(theirs.map((one) => one.ms));
  return [
    {
      name: `${what}: requests to S3`,
      value: requests / theirRequests,
      unit: '×',
      baseline: BASELINE,
      aim: 1,
      detail: `${requests} against ${theirRequests}; state and verification are in ours`,
    },
    {
      name: `${what}: time`,
      value: ms / theirMs,
      unit: '×',
      baseline: BASELINE,
      aim: 0.5,
      detail: `${ms.toFixed(0)} ms against ${theirMs.toFixed(0)} ms`,
    },
  ];
}

/** Counts what the endpoint is asked. */
async function cost(bench: MoveBench, run: () => Promise<unknown>): Promise<Cost> {
  const hit = bench.faults.hit.bind(bench.faults);
  let requests = 0;
  bench.faults.hit = (call) => {
    if (call.service === 's3') requests += 1;
    return hit(call);
  };
  const startedAt = performance.now();
  try {
    await run();
    return { ms: performance.now() - startedAt, requests };
  } finally {
    bench.faults.hit = hit;
  }
}

async function awsMove(bench: MoveBench, name: string): Promise<void> {
  const { AWS_ENDPOINT_URL_S3: url = '', ...environment } = bench.environment;
  await promisify(execFile)(
    'aws',
    [
      's3',
      'mv',
      's3://landing/records/baseline.mp4',
      `s3://library/${name}`,
      '--endpoint-url',
      url,
      '--quiet',
    ],
    { env: { ...environment, PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: 'true' } },
  );
}

/** Many parts that rotate at the hour: all of them moved, none twice. */
async function burst(bench: MoveBench, count: number): Promise<Measurement> {
  const keys: string[] = [];
  for (let i = 0; i < count; i++) {
    keys.push((await bench.land(patternBytes(10_000, i), { streamName: `burst ${i}` })).key);
  }
  const waiting = keys.values();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const key of waiting) await bench.move(key);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const left = (await bench.keys('landing', 'records/')).length;
  if (left > 0) throw new Error(`${left} records were not moved`);
  return {
    name: `${count} records at once`,
    value: count / seconds,
    unit: 'records/s',
    detail: `all moved in ${seconds.toFixed(1)} s, on this machine's endpoint`,
  };
}
