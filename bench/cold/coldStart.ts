import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { bundleFunction } from '../../infra/construct/bundling/bundle.ts';
import {
  BUNDLE_ALIASES,
  BUNDLE_BANNER,
  BUNDLE_MAIN_FIELDS,
  BUNDLE_TARGET,
} from '../../infra/construct/bundling/options.ts';
import { FUNCTIONS } from '../../infra/wiring.ts';
import { type Benchmark, median } from '../report.ts';
import { type ColdStart, ColdStartPlace } from './coldPlace.ts';

const FUNCTION = 'wcs';
const BASELINE = "the same, bundled as CDK's NodejsFunction does";
/** What the function had until its calls got a whole vCPU. */
const BASELINE_MEMORY_MB = 512;
/** So much memory comes with one vCPU (Lambda Developer Guide, "Configure Lambda function memory"). */
const VCPU_MEMORY_MB = 1769;
const TIMES = 11;
const TIMES_QUICKLY = 3;

/** What a start costs whose function is new: own CPU of a process, up to its first answer. */
export const coldStart: Benchmark = {
  name: 'cold start of startRecording',
  run: async ({ quick }) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-bundles-'));
    const place = await ColdStartPlace.start();
    try {
      const plain = path.join(folder, 'plain.mjs');
      await bundlePlainly(plain);
      await bundleFunction(FUNCTION, folder);
      const runs = await alternately(place, path.join(folder, 'index.mjs'), plain, quick);
      const of = (which: 'ours' | 'plain', what: (run: ColdStart) => number) =>
        median(runs.map((run) => what(run[which])));
      const ratio = (name: string, what: (run: ColdStart) => number) => ({
        name,
        value: of('ours', what) / of('plain', what),
        unit: '×',
        baseline: BASELINE,
        detail: `${of('ours', what).toFixed(0)} ms against ${of('plain', what).toFixed(0)} ms`,
      });
      // A function begins with a whole vCPU, whatever its memory; a call has its share.
      const lambdaMs = (which: 'ours' | 'plain', memoryMb: number): number =>
        of(
          which,
          ({ importMs, firstCallMs }) => importMs + firstCallMs / Math.min(1, memoryMb / VCPU_MEMORY_MB),
        );
      return [
        ratio('import, own CPU', ({ importMs }) => importMs),
        ratio('first call, own CPU', ({ firstCallMs }) => firstCallMs),
        { ...ratio('both', ({ importMs, firstCallMs }) => importMs + firstCallMs), aim: 0.5 },
        {
          name: "both, with Lambda's share of a vCPU",
          value: lambdaMs('ours', FUNCTIONS[FUNCTION].memoryMb) / lambdaMs('plain', BASELINE_MEMORY_MB),
          unit: '×',
          baseline: `${BASELINE}, with ${BASELINE_MEMORY_MB} MB`,
          aim: 0.5,
        },
      ];
    } finally {
      await place.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function alternately(place: ColdStartPlace, ours: string, plain: string, quick: boolean) {
  const runs: { readonly ours: ColdStart; readonly plain: ColdStart }[] = [];
  for (let n = 0; n < (quick ? TIMES_QUICKLY : TIMES); n++) {
    runs.push({ ours: await place.startRecording(ours), plain: await place.startRecording(plain) });
  }
  return runs;
}

async function bundlePlainly(outfile: string): Promise<void> {
  await build({
    entryPoints: [path.resolve(import.meta.dirname, `../../functions/handlers/${FUNCTION}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: BUNDLE_TARGET,
    mainFields: [...BUNDLE_MAIN_FIELDS],
    banner: { js: BUNDLE_BANNER },
    alias: { ...BUNDLE_ALIASES },
    logLevel: 'warning',
  });
}
