import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

/** Writes the console's files into a folder: `node clients/web/build.ts FOLDER`. No CDN, no other build tool. */
export async function buildConsole(folder: string): Promise<void> {
  const here = import.meta.dirname;
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [path.join(here, 'main.tsx'), path.join(here, 'main.css')],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // One picture and one sound, without subtitles, other renditions or protection: a third less.
    alias: { 'hls.js/dist/hls.mjs': 'hls.js/dist/hls.light.min.mjs' },
    legalComments: 'none',
    logLevel: 'warning',
  });
  await cp(path.join(here, 'index.html'), path.join(folder, 'index.html'));
}

const [, , folder] = process.argv;
if (import.meta.main && folder !== undefined) await buildConsole(folder);
