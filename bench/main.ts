import { cpus } from 'node:os';
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
 * `npm run bench [-- --quick] [-- NAME]`: measured ratios, each against a baseline of the same run. A benchmark that
 * fails makes the run fail; an aim that was missed is shown and does not.
 */
if (ensureTools([FFMPEG]).length > 0) process.exit(1);
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
for (const benchmark of quick ? QUICK : BENCHMARKS) {
  if (wanted.length > 0 && !wanted.some((name) => benchmark.name.includes(name))) continue;
  console.log(`\n${benchmark.name}`);
  for (const measurement of await benchmark.run({ quick })) console.log(line(measurement));
}
