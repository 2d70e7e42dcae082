import { cpus } from 'node:os';
import { bundles } from './bundles.ts';
import { moves } from './moves.ts';
import { type Benchmark, line } from './report.ts';

const BENCHMARKS: readonly Benchmark[] = [bundles, moves];

/**
 * `npm run bench [-- --quick] [-- NAME]`: measured ratios, each against a baseline of the same run. A benchmark that
 * fails makes the run fail; an aim that was missed is shown and does not.
 */
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
for (const benchmark of BENCHMARKS) {
  if (wanted.length > 0 && !wanted.some((name) => benchmark.name.includes(name))) continue;
  console.log(`\n${benchmark.name}`);
  for (const measurement of await benchmark.run({ quick })) console.log(line(measurement));
}
