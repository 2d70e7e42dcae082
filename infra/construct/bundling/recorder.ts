import path from 'node:path';
import { build } from 'esbuild';
import { BUNDLE_BANNER, BUNDLE_MAIN_FIELDS, BUNDLE_TARGET } from './options.ts';
import { RECORDER_PLUGINS } from './plugins.ts';

/**
 * The recorder as its image has it: one file, with all that it imports. Names of functions and classes are not kept: esbuild
 * would define them again with each closure that is made (docs/decisions/recorder-cpu.md).
 */
export async function bundleRecorder(outfile: string): Promise<void> {
  await build({
    entryPoints: [path.resolve(import.meta.dirname, '..', '..', '..', 'container', 'main.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: BUNDLE_TARGET,
    mainFields: [...BUNDLE_MAIN_FIELDS],
    banner: { js: BUNDLE_BANNER },
    plugins: [...RECORDER_PLUGINS],
    logLevel: 'warning',
  });
}
