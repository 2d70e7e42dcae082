import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureTools, FFMPEG } from '../infra/local/tools.ts';
import { clips } from './clips.ts';
import { bundles } from './cold/bundles.ts';
import { coldStart } from './cold/coldStart.ts';
import { liveLists } from './liveLists.ts';
import { moves } from './moves.ts';
import { pictures } from './pictures.ts';
import { fullHost } from './recorder/fullHost.ts';
import { host } from './recorder/host.ts';
import { latency } from './recorder/latency.ts';
import { firstLiveFrame, watched } from './recorder/live.ts';
import { day, hour } from './recorder/long.ts';
import { manyStarts } from './recorder/manyStarts.ts';
import { recorder, tenRecorders } from './recorder/recorder.ts';
import { together } from './recorder/together.ts';
import { warmStart } from './recorder/warmStart.ts';
import { type Benchmark, line } from './report.ts';
import { rescue } from './rescue.ts';
import { validations } from './simulate/validation.ts';
import { state } from './state.ts';

const QUICK: readonly Benchmark[] = [bundles, coldStart, recorder, latency, warmStart, moves, state, rescue];
const BENCHMARKS: readonly Benchmark[] = [
  ...QUICK,
  clips,
  pictures,
  firstLiveFrame,
  watched,
  liveLists,
  fullHost,
  manyStarts,
  together,
  host,
  tenRecorders,
  ...validations,
  hour,
  day,
];

/**
 * `npm run bench [-- --quick] [-- NAME…]`: measured ratios, each against a baseline of the same run. A benchmark that
 * fails makes the run fail; an aim that was missed is shown and does not.
 */
const { values, positionals: names } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const all = values.quick ? QUICK : BENCHMARKS;
const wanted = names.length === 0 ? all : all.filter(({ name }) => names.some((one) => name.includes(one)));
if (wanted.length === 0) {
  console.error(
    `There is none with that in its name; there are:\n  ${all.map(({ name }) => name).join('\n  ')}`,
  );
  process.exit(2);
}
if (ensureTools([FFMPEG]).length > 0) process.exit(1);
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
for (const benchmark of wanted) {
  console.log(`\n${benchmark.name}`);
  for (const measurement of await benchmark.run({ quick: values.quick })) console.log(line(measurement));
}
