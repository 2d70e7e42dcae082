import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import { startRuntime } from '../../infra/local/runtime.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { TOOLS } from '../support/tools.ts';
import { WITHOUT_PICTURES } from '../support/withoutPictures.ts';
import { playHosts } from './hosts.ts';
import {
  FORMATS,
  HOST_KINDS,
  KINDS,
  type Kind,
  play,
  playOutage,
  type Result,
  type Scenario,
} from './scenario.ts';

/**
 * `npm run -s test:faults`: real recordings, real SIGKILLs at random moments, and a count of what was lost, by the frame
 * numbers burnt into the picture. `-- --quick` plays a few; `-- --seed N` plays the same again; `-- --count N`. With
 * `-- --hosts` recordings go on beside each other on two hosts (`--together N`), and workers and whole hosts are killed, or
 * told to end, or hang; `-- --kind NAME` plays one kind of these. `-- --log FILE` keeps what functions and recorders log.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    hosts: { type: 'boolean' },
    seed: { type: 'string' },
    count: { type: 'string' },
    together: { type: 'string' },
    log: { type: 'string' },
    kind: { type: 'string' },
  },
});
if (!TOOLS.ffmpeg.present() || !TOOLS.nginxRtmp.present()) {
  console.log('faults: skipped, ffmpeg or nginx with its RTMP module is missing');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const [fewKills, manyKills] = values.hosts === true ? [HOST_KINDS.length, 21] : [6, 200];
const count =
  values.count === undefined ? (values.quick === true ? fewKills : manyKills) : Number(values.count);
/** On two hosts. */
const together = Number(values.together ?? (values.quick === true ? 4 : 20));
/** A younger recording whose process dies goes on in a task of its own (functions/core/protocol/poison.ts). */
const ageMs = values.quick === true ? 0 : 61_000;
const outageMs = values.quick === true ? 5_000 : 60_000;
const AT_ONCE = 6;
const ECS_LATE_MS = 30_000;
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
const logFile = values.log === undefined ? undefined : createWriteStream(values.log);
const runtime = await startRuntime({
  dataDir: path.join(folder, 'data'),
  ingest: false,
  // Which ffmpeg is killed must be the one that records.
  recordingDefaults: WITHOUT_PICTURES,
  hosts,
  onLog: (source, line) => void logFile?.write(`${source} ${line}\n`),
});
// Hosts look after each other: what ECS tells may come late.
if (hosts > 0) runtime.simulation.deliveries = () => [ECS_LATE_MS];
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
    const kinds = HOST_KINDS.filter((kind) => values.kind === undefined || values.kind === kind);
    for (const scenario of scenarios(kinds))
      results.push(...(await playHosts(ground, scenario, { count: together, ageMs, outageMs })));
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
  // No right is ever missing, whatever else goes wrong.
  for (const denial of new Set(runtime.denials())) console.log(`faults: denied: ${denial}`);
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
  const own = results.filter(({ scenario }) => scenario.kind === kind);
  const losses = own.map(({ lossMs }) => lossMs).filter(Number.isFinite);
  if (losses.length > 0) console.log(`faults: ${kind}: lost ${medianAndWorst(losses, 'ms')}`);
  const missing = own.flatMap((one) => one.missing ?? []);
  if (missing.length > 0) console.log(`faults: ${kind}: missing ${medianAndWorst(missing, 'frames')}`);
  const skews = own.flatMap((one) => one.skewMs ?? []);
  if (skews.length > 0)
    console.log(`faults: ${kind}: clocks of parts differ by ${medianAndWorst(skews, 'ms')}`);
}

function medianAndWorst(values: readonly number[], unit: string): string {
  const ordered = values.toSorted((a, b) => a - b);
  const median = ordered[Math.floor(ordered.length / 2)] ?? 0;
  return `${median.toFixed(0)} ${unit} in the median, ${(ordered.at(-1) ?? 0).toFixed(0)} at worst of ${ordered.length}`;
}
console.log(`faults: ${results.length - failed} of ${results.length} as they should be`);
process.exitCode = failed === 0 && runtime.denials().length === 0 ? 0 : 1;
