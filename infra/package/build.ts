import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleCommandLine, bundleFunction } from '../construct/bundling/bundle.ts';
import { IMAGE_SOURCES, ROOT } from '../construct/packaged.ts';
import { BASIC_AUTHORIZER, CONSOLE, ON_RECORD_SCRIPT, WEBHOOK } from '../optionalFunctions.ts';
import { FUNCTIONS } from '../wiring.ts';

/**
 * Makes dist/, which is what `npm pack` takes: JavaScript and types of construct, client, events and webhooks; every function
 * bundled, the console beside its own; what the recorder's image is built from.
 */
const DIST = path.join(ROOT, 'dist');
const bin = (name: string): string => path.join(ROOT, 'node_modules', '.bin', name);

rmSync(DIST, { recursive: true, force: true });
execFileSync(bin('tsc'), ['-p', 'infra/package'], { cwd: ROOT, stdio: 'inherit' });
const specs = [...Object.values(FUNCTIONS), BASIC_AUTHORIZER, ON_RECORD_SCRIPT, WEBHOOK, CONSOLE.function];
await Promise.all(
  specs.map(({ name }) => bundleFunction(name, path.join(DIST, 'bundles', name, 'index.mjs'))),
);
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
