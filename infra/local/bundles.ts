import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { bundleReadably, FUNCTION_OPTIONS } from '../construct/bundling/bundle.ts';
import { RECORDER_PLUGINS } from '../construct/bundling/plugins.ts';
import { FolderCache } from './folderCache.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'bundles');
/** All that a bundle is made of: nothing else of this repository may be in one. */
const SOURCES = ['functions/**/*.ts', 'container/**/*.ts', 'package-lock.json'];
const THREADS = ['infra/local/lambda/bootstrap.ts', 'infra/local/ingest/mediaServerThread.ts'];
const TOOLS = ['infra/construct/bundling/*.ts', 'infra/local/ingest/*.ts', ...THREADS];
const cache = new FolderCache(CACHE);
let bundled: Promise<string> | undefined;

/**
 * The programs of a deployment, bundled as they are there, but with their names, so that a stack can be read: a function costs
 * half the time then until it answers, a recorder until it records. Made once for each state of the sources.
 */
export const bundledFunction = (name: string): Promise<string> => bundledFile(name);
/** What runs a function: `lambda/bootstrap.ts`. */
export const bundledBootstrap = (): Promise<string> => bundledFile('bootstrap');
/** What runs the media server: `ingest/mediaServerThread.ts`. Of its 290 files most are of its own HTTP API. */
export const bundledMediaServer = (): Promise<string> => bundledFile('mediaServerThread');
/** `container/main.ts`. */
export const bundledRecorder = (): Promise<string> => bundledFile('main');

async function bundledFile(name: string): Promise<string> {
  bundled ??= fingerprint().then((state) => cache.folder(state, bundle));
  const folder = await bundled;
  await cache.use(folder);
  return path.join(folder, `${name}.mjs`);
}

async function bundle(folder: string): Promise<void> {
  const handlers = globSync('functions/handlers/*.ts', { cwd: ROOT });
  await Promise.all([
    bundleReadably(handlers, folder, FUNCTION_OPTIONS),
    bundleReadably(['container/main.ts', ...THREADS], folder, {
      plugins: [...RECORDER_PLUGINS],
    }),
  ]);
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [...SOURCES, ...TOOLS].flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
    const { size, mtimeMs } = await stat(path.join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
