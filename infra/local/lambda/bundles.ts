import { createHash, randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import {
  BUNDLE_ALIASES,
  BUNDLE_BANNER,
  BUNDLE_MAIN_FIELDS,
  BUNDLE_TARGET,
} from '../../construct/bundling/options.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'functions');
/** All that a bundle is made of: nothing else of this repository may be in it. */
const SOURCES = [
  'functions/**/*.ts',
  'infra/construct/bundling/*.ts',
  'infra/local/lambda/*.ts',
  'package-lock.json',
];
const OLD_MS = 24 * 3_600_000;

let bundled: Promise<string> | undefined;

/**
 * Bundles the handlers as a deployment does, but not minified, so that a stack can be read; and what runs them. Imported as
 * they are they cost each environment 2 s of CPU, for the SDK's hundreds of files and for stripping types. Made once for
 * each state of the sources.
 * @returns the folder, with a `.mjs` for each
 */
export function bundledHandlers(): Promise<string> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<string> {
  const folder = path.join(CACHE, await fingerprint());
  if (await exists(folder)) return folder;
  const making = path.join(CACHE, `making-${randomUUID()}`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['infra/local/lambda/bootstrap.ts', ...globSync('functions/handlers/*.ts', { cwd: ROOT })],
    entryNames: '[name]',
    outdir: making,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: BUNDLE_TARGET,
    mainFields: [...BUNDLE_MAIN_FIELDS],
    banner: { js: BUNDLE_BANNER },
    alias: { ...BUNDLE_ALIASES },
    logLevel: 'error',
  });
  await removeOld();
  // Another process may have been faster: its files are the same.
  await rename(making, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(making, { recursive: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  return folder;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
    const { size, mtimeMs } = await stat(path.join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function removeOld(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  for (const name of await readdir(CACHE)) {
    const folder = path.join(CACHE, name);
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > OLD_MS)
      await rm(folder, { recursive: true, force: true });
  }
}

const exists = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );
