import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import { startRuntime } from '../../infra/local/runtime.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { TOOLS } from '../support/tools.ts';
import { HOST_KINDS, playHosts } from './hosts.ts';
import { FORMATS, KINDS, type Kind, play, playOutage, type Result, type Scenario } from './scenario.ts';

/**
 * `npm run -s test:faults`: real recordings, real SIGKILLs at random moments, and a count of what was lost, by the frame
 * numbers burnt into the picture. `-- --quick` plays a few; `-- --seed N` plays the same again; `-- --count N`. With
 * `-- --hosts` recordings go on beside each other on two hosts, and workers and whole hosts are killed.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    hosts: { type: 'boolean' },
    seed: { type: 'string' },
    count: { type: 'string' },
  },
});
if (!TOOLS.ffmpeg.present() || !TOOLS.nginxRtmp.present()) {
  console.log('faults: skipped, ffmpeg or nginx with its RTMP module is missing');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const [fewKills, manyKills] = values.hosts === true ? [2, 20] : [6, 200];
const count =
  values.count === undefined ? (values.quick === true ? fewKills : manyKills) : Number(values.count);
/** On two hosts. */
const together = values.quick === true ? 4 : 20;
const outageMs = values.quick === true ? 5_000 : 60_000;
const AT_ONCE = 6;
const KILL_WITHIN_MS = 5_000;
/** A checkpoint every maxLossMs, one fragment of a second, one PUT; and what publisher, server and ffmpeg still hold. */
const PUT_AND_LATENCY_MS = 1_500;
const LOSS_MAX_MS = DEFAULT_SETTINGS.maxLossMs + 1_000 + PUT_AND_LATENCY_MS;

/** Mulberry32: small, and the same numbers for the same seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(seed);
const scenarios = <K extends Kind>(kinds: readonly K[]): (Scenario & { readonly kind: K })[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `f${i}`,
    kind: kinds[i % kinds.length] as K,
    format: FORMATS[Math.floor(i / 2) % FORMATS.length] ?? 'mp4',
    afterMs: Math.floor(random() * KILL_WITHIN_MS),
  }));

const where =
  values.hosts === true
    ? `on two hosts with ${together} recordings`
    : `and an outage of S3 of ${outageMs} ms`;
console.log(`faults: ${count} kills ${where}, seed ${seed}`);
const folder = await mkdtemp(path.join(tmpdir(), 'faults-'));
const nginx = await NginxRtmp.start();
const hosts = values.hosts === true ? 2 : 0;
const runtime = await startRuntime({ dataDir: path.join(folder, 'data'), ingest: false, hosts });
const s3 = new S3Client({
  endpoint: runtime.s3Url,
  region: runtime.region,
  credentials: runtime.credentials,
  forcePathStyle: true,
});
const ground = { runtime, s3, rtmpUrl: nginx.url, folder };
const results: Result[] = [];
try {
  if (hosts > 0) {
    for (const scenario of scenarios(HOST_KINDS))
      results.push(...(await playHosts(ground, scenario, together)));
  } else {
    const all = scenarios(KINDS);
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const wave = all.slice(at, at + AT_ONCE);
      results.push(...(await Promise.all(wave.map((scenario) => play(ground, scenario)))));
    }
    // By itself: it takes S3 away from everybody.
    const afterMs = Math.floor(random() * 2_000);
    const outage = { name: 'outage', kind: 'outage', format: 'mp4', afterMs } as const;
    results.push(await playOutage(ground, outage, outageMs));
  }
} finally {
  await runtime.close({ graceMs: 5_000 });
  await nginx.stop();
  await rm(folder, { recursive: true, force: true });
}

let failed = 0;
for (const { scenario, lossMs, gapMs, problems } of results) {
  const all = lossMs > LOSS_MAX_MS ? [...problems, `loss over ${LOSS_MAX_MS} ms`] : problems;
  if (all.length > 0) failed += 1;
  const said = all.length === 0 ? 'ok' : all.slice(0, 3).join('; ');
  const gap = gapMs === undefined ? '' : `, next frame after ${gapMs.toFixed(0)} ms`;
  console.log(
    `  ${scenario.name} ${scenario.kind} ${scenario.format} after ${scenario.afterMs} ms: lost ${lossMs.toFixed(0)} ms${gap}: ${said}`,
  );
}
for (const kind of [...KINDS, ...HOST_KINDS, 'outage']) {
  const losses = results
    .filter(({ scenario, lossMs }) => scenario.kind === kind && Number.isFinite(lossMs))
    .map(({ lossMs }) => lossMs)
    .sort((a, b) => a - b);
  if (losses.length === 0) continue;
  const median = losses[Math.floor(losses.length / 2)] ?? 0;
  console.log(
    `faults: ${kind}: lost ${median.toFixed(0)} ms in the median, ${losses.at(-1)?.toFixed(0)} ms at worst`,
  );
}
console.log(`faults: ${results.length - failed} of ${results.length} as they should be`);
process.exitCode = failed === 0 ? 0 : 1;
