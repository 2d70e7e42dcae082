import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Where everything lies that is deployed. In the repository functions are bundled when they are synthesized, and the
 * image is built from the sources. In the package (infra/package/build.ts) both are made already: who installs it needs
 * no esbuild and none of our lock file.
 */
export const ROOT = path.resolve(import.meta.dirname, '..', '..');

const BUNDLES = path.join(ROOT, 'bundles');
const IMAGE = path.join(ROOT, 'image');

/** Folder of a function's bundle; undefined in the repository. */
export function prebuiltFunction(name: string): string | undefined {
  return existsSync(BUNDLES) ? path.join(BUNDLES, name) : undefined;
}

/** What the recorder's image is built from. */
export const IMAGE_CONTEXT = existsSync(IMAGE) ? IMAGE : ROOT;

/** Of the context; all else stays out of the asset, so that it does not change the image's hash. */
export const IMAGE_SOURCES = [
  'container',
  'functions/aws',
  'functions/core',
  'functions/recordings',
  'infra/construct/bundling/image.ts',
  'infra/construct/bundling/options.ts',
  'infra/construct/bundling/plugins.ts',
  'infra/construct/bundling/recorder.ts',
  'package.json',
  'package-lock.json',
  '.npmrc',
];
