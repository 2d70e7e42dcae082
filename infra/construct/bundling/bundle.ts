import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { BASIC_AUTHORIZER, CONSOLE, ON_RECORD_SCRIPT, WEBHOOK } from '../../optionalFunctions.ts';
import { FUNCTIONS } from '../../wiring.ts';
import { BUNDLE_ALIASES, BUNDLE_BANNER, BUNDLE_MAIN_FIELDS, BUNDLE_TARGET } from './options.ts';
import { builtinsByRequire, slimSdk } from './plugins.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

/** So that a place in a stack, which is a line and a column, can be found. */
const LINE_LIMIT = 160;

const OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  mainFields: [...BUNDLE_MAIN_FIELDS],
  banner: { js: BUNDLE_BANNER },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Of functions, wherever they run. */
export const FUNCTION_OPTIONS = {
  alias: { ...BUNDLE_ALIASES },
  plugins: [builtinsByRequire, slimSdk],
} satisfies BuildOptions;

const FUNCTION_NAMES = [
  ...Object.values(FUNCTIONS),
  BASIC_AUTHORIZER,
  ON_RECORD_SCRIPT,
  WEBHOOK,
  CONSOLE.function,
].map(({ name }) => name);

/** Every function that a deployment may have, or those that are named, each in a folder of its name. */
export async function bundleFunctions(folder: string, names = FUNCTION_NAMES): Promise<void> {
  await Promise.all(names.map((name) => bundleFunction(name, path.join(folder, name))));
}

/**
 * One function, as `index.mjs` with the pieces that it loads when it needs them.
 * @returns bytes of what is loaded at the start
 */
export async function bundleFunction(name: string, folder: string): Promise<number> {
  const { metafile } = await build({
    entryPoints: [{ in: path.join(ROOT, 'functions', 'handlers', `${name}.ts`), out: 'index' }],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    metafile: true,
    target: BUNDLE_TARGET,
    ...OPTIONS,
    ...FUNCTION_OPTIONS,
  });
  const loaded = new Set(Object.keys(metafile.outputs).filter((file) => file.endsWith('index.mjs')));
  for (const file of loaded) {
    for (const { path: next, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement') loaded.add(next);
    }
  }
  return [...loaded].reduce((sum, file) => sum + (metafile.outputs[file]?.bytes ?? 0), 0);
}

/**
 * Programs of ours as files whose stacks a person can read, each with all that it imports: `name.mjs`. Names stay, white
 * space goes: a third of a file, which each environment of a function and each process of a recorder reads.
 */
export async function bundleReadably(
  entryPoints: readonly string[],
  outdir: string,
  options: Pick<BuildOptions, 'alias' | 'plugins'> = {},
): Promise<void> {
  await build({
    entryPoints: entryPoints.map((file) => ({ in: path.join(ROOT, file), out: path.basename(file, '.ts') })),
    outdir,
    outExtension: { '.js': '.mjs' },
    target: BUNDLE_TARGET,
    ...OPTIONS,
    ...options,
    // Names stay without `keepNames`, which defines them once more with each closure that is made.
    minify: false,
    minifyWhitespace: true,
    lineLimit: LINE_LIMIT,
  });
}

/** The command line as one file, with all that it imports. */
export async function bundleCommandLine(outfile: string): Promise<void> {
  const entryPoints = [path.join(ROOT, 'clients', 'cli', 'main.ts')];
  await build({ entryPoints, outfile, target: 'node20.19', ...OPTIONS });
}
