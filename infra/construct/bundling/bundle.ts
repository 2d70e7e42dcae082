import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { BUNDLE_ALIASES, BUNDLE_BANNER, BUNDLE_MAIN_FIELDS, BUNDLE_TARGET } from './options.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

const OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  mainFields: [...BUNDLE_MAIN_FIELDS],
  banner: { js: BUNDLE_BANNER },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** One function as CDK's NodejsFunction would bundle it, for the package and for the benchmark that weighs bundles. */
export async function bundleFunction(name: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [path.join(ROOT, 'functions', 'handlers', `${name}.ts`)],
    outfile,
    target: BUNDLE_TARGET,
    alias: { ...BUNDLE_ALIASES },
    ...OPTIONS,
  });
}

/** Programs of ours as files that a person can read, each with all that it imports: `name.mjs`. */
export async function bundleReadably(
  entryPoints: readonly string[],
  outdir: string,
  options: Pick<BuildOptions, 'alias'> = {},
): Promise<void> {
  await build({
    entryPoints: entryPoints.map((file) => ({ in: path.join(ROOT, file), out: path.basename(file, '.ts') })),
    outdir,
    outExtension: { '.js': '.mjs' },
    target: BUNDLE_TARGET,
    ...OPTIONS,
    ...options,
    minify: false,
    keepNames: true,
  });
}

/** The command line as one file, with all that it imports. */
export async function bundleCommandLine(outfile: string): Promise<void> {
  const entryPoints = [path.join(ROOT, 'clients', 'cli', 'main.ts')];
  await build({ entryPoints, outfile, target: 'node20.19', ...OPTIONS });
}
