import { createHash, randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { bundleReadably } from '../construct/bundling/bundle.ts';
import { BUNDLE_ALIASES } from '../construct/bundling/options.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'bundles');
/** All that a bundle is made of: nothing else of this repository may be in one. */
const SOURCES = ['functions/**/*.ts', 'container/**/*.ts', 'package-lock.json'];
const TOOLS = ['infra/construct/bundling/*.ts', 'infra/local/lambda/bootstrap.ts'];
const OLD_MS = 24 * 3_600_000;

let bundled: Promise<string> | undefined;

/**
 * The programs of a deployment, bundled as they are there, but not minified, so that a stack can be read: a function costs
 * half the time then until it answers, a recorder until it records. Made once for each state of the sources.
 */
export const bundledFunction = (name: string): Promise<string> => bundledFile(name);
/** What runs a function: `lambda/bootstrap.ts`. */
export const bundledBootstrap = (): Promise<string> => bundledFile('bootstrap');
/** `container/main.ts`. */
export const bundledRecorder = (): Promise<string> => bundledFile('main');

async function bundledFile(name: string): Promise<string> {
  bundled ??= bundle();
  return path.join(await bundled, `${name}.mjs`);
}

async function bundle(): Promise<string> {
  const folder = path.join(CACHE, await fingerprint());
  if (await exists(folder)) return folder;
  const making = path.join(CACHE, `making-${randomUUID()}`);
  await Promise.all([
    bundleReadably(globSync('functions/handlers/*.ts', { cwd: ROOT }), making, {
      alias: { ...BUNDLE_ALIASES },
    }),
    bundleReadably(['container/main.ts', 'infra/local/lambda/bootstrap.ts'], making),
  ]);
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
  for (const file of [...SOURCES, ...TOOLS].flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
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
