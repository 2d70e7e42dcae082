import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleFunction } from '../infra/construct/bundling/bundle.ts';
import { FUNCTIONS } from '../infra/wiring.ts';
import { type Benchmark, type Measurement, median } from './report.ts';

const run = promisify(execFile);

/** Size of each function's bundle, and how long Node takes to import it over an empty module: the code's cold start. */
export const bundles: Benchmark = {
  name: 'bundle of each function',
  run: async ({ quick }) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-bundles-'));
    try {
      const empty = path.join(folder, 'empty.mjs');
      await writeFile(empty, '');
      const runs = quick ? 3 : 9;
      const emptyMs = median(await importTimes(empty, runs));
      const measurements: Measurement[] = [];
      const built = Object.values(FUNCTIONS).map(({ name }) => ({
        name,
        outfile: path.join(folder, `${name}.mjs`),
      }));
      await Promise.all(built.map(({ name, outfile }) => bundleFunction(name, outfile)));
      for (const { name, outfile } of built) {
        const importMs = median(await importTimes(outfile, runs)) - emptyMs;
        measurements.push(
          { name: `${name}: size`, value: (await stat(outfile)).size / 1024, unit: 'KiB', aim: 300 },
          { name: `${name}: import`, value: importMs, unit: 'ms', aim: 100 },
        );
      }
      return measurements;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function importTimes(file: string, runs: number): Promise<number[]> {
  const script = `const began = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - began);`;
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    times.push(Number(stdout));
  }
  return times;
}
