import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleCommandLine, bundleFunctions } from '../construct/bundling/bundle.ts';
import { IMAGE_SOURCES, ROOT } from '../construct/packaged.ts';
import { CONSOLE } from '../optionalFunctions.ts';

/**
 * Makes dist/, which is what `npm pack` takes: JavaScript and types of construct, client, events and webhooks; every function
 * bundled, the console beside its own; what the recorder's image is built from.
 */
const DIST = path.join(ROOT, 'dist');
const bin = (name: string): string => path.join(ROOT, 'node_modules', '.bin', name);

rmSync(DIST, { recursive: true, force: true });
execFileSync(bin('tsc'), ['-p', 'infra/package'], { cwd: ROOT, stdio: 'inherit' });
await bundleFunctions(path.join(DIST, 'bundles'));
await bundleCommandLine(path.join(DIST, 'cli', 'stream-recorder.mjs'));
const consoleFolder = path.join(DIST, 'bundles', CONSOLE.function.name, CONSOLE.folder);
execFileSync(process.execPath, ['clients/web/build.ts', consoleFolder], { cwd: ROOT, stdio: 'inherit' });
// npm packs no .npmrc, wherever it lies; ours says nothing that a build needs.
for (const source of IMAGE_SOURCES.filter((one) => one !== '.npmrc')) {
  const to = path.join(DIST, 'image', source);
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(path.join(ROOT, source), to, { recursive: true });
}
const dockerfile = path.join(DIST, 'image', 'container', 'Dockerfile');
const withNpmrc = readFileSync(dockerfile, 'utf8');
const without = withNpmrc.replace('COPY .npmrc package.json', 'COPY package.json');
if (without === withNpmrc) throw new Error('container/Dockerfile does not copy .npmrc as it did');
writeFileSync(dockerfile, without);
