import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** Who may import whom (docs/architecture.md): the folders of the design, most special first. */
const root = path.resolve(import.meta.dirname, '..');

const LAYERS = [
  ['core', /^functions\/core\//],
  ['aws', /^functions\/aws\//],
  ['handlers', /^functions\/handlers\//],
  ['recordings', /^functions\/recordings\//],
  ['mending', /^functions\/mending\//],
  ['relocation', /^functions\/relocation\//],
  ['container', /^container\//],
  ['emulators', /^infra\/emulators\//],
  ['local', /^infra\/local\//],
  ['infra', /^infra\//],
  ['examples', /^examples\//],
  ['bench', /^bench\//],
  ['test', /^test\//],
] as const;
type Layer = (typeof LAYERS)[number][0];

const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  core: ['core'],
  aws: ['core', 'aws'],
  recordings: ['core', 'aws', 'recordings'],
  relocation: ['core', 'aws', 'recordings', 'relocation'],
  mending: ['core', 'aws', 'recordings', 'relocation', 'mending'],
  handlers: ['core', 'aws', 'recordings', 'relocation', 'mending'],
  // It announces what it records as the functions do.
  container: ['core', 'aws', 'recordings', 'container'],
  // AWS on loopback: no word of the product.
  emulators: ['emulators'],
  // The runtime calls handlers and spawns the container by path, and reads the one description in infra/wiring.ts.
  local: ['core', 'emulators', 'local', 'infra'],
  infra: ['core', 'infra'],
  examples: ['core', 'infra', 'examples'],
  bench: LAYERS.map(([layer]) => layer),
  test: LAYERS.map(([layer]) => layer),
};

function layerOf(file: string): Layer | undefined {
  return LAYERS.find(([, pattern]) => pattern.test(file))?.[0];
}

const sources = globSync('{functions,container,infra,test,bench,examples}/**/*.ts', { cwd: root });
const imports = sources.flatMap((file) =>
  [
    ...readFileSync(path.join(root, file), 'utf8').matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()'([^']+)'/g),
  ].map((match) => ({
    file,
    target: match[1] ?? '',
  })),
);

describe('imports', () => {
  it('are found at all', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it('go only where the architecture allows', () => {
    const wrong = imports
      .filter(({ target }) => target.startsWith('.'))
      .map(({ file, target }) => ({
        file,
        to: path.relative(root, path.resolve(root, path.dirname(file), target)),
      }))
      .filter(({ file, to }) => {
        const from = layerOf(file);
        const layer = layerOf(to);
        return from !== undefined && layer !== undefined && !MAY_IMPORT[from].includes(layer);
      });
    expect(wrong).toEqual([]);
  });

  it('keep core free of AWS', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        layerOf(file) === 'core' && !/^(\.|zod\/mini$|node:(crypto|buffer|util|zlib)$)/.test(target),
    );
    expect(wrong).toEqual([]);
  });

  it('keep handlers apart from each other', () => {
    const wrong = imports.filter(
      ({ file, target }) => layerOf(file) === 'handlers' && /^\.\/[^/]+\.ts$/.test(target),
    );
    expect(wrong).toEqual([]);
  });

  it('keep one code path: nothing deployed asks whether it runs locally', () => {
    const deployed = sources.filter((file) => /^(functions|container)\//.test(file));
    const wrong = deployed.filter((file) =>
      /\bis_?local\b|localstack|AWS_ENDPOINT_URL|127\.0\.0\.1:\d/i.test(
        readFileSync(path.join(root, file), 'utf8'),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
