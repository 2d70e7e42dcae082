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
  ['onRecord', /^functions\/onRecord\//],
  ['rooms', /^functions\/rooms\//],
  ['playback', /^functions\/playback\//],
  ['webhooks', /^functions\/webhooks\//],
  ['clips', /^functions\/clips\//],
  ['container', /^container\//],
  ['clients', /^clients\//],
  ['emulators', /^infra\/emulators\//],
  ['local', /^infra\/local\//],
  ['verify', /^infra\/verify\//],
  ['console', /^infra\/console\//],
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
  mending: ['core', 'aws', 'recordings', 'relocation', 'clips', 'rooms', 'mending'],
  onRecord: ['core', 'aws', 'onRecord'],
  rooms: ['core', 'aws', 'recordings', 'relocation', 'clips', 'rooms'],
  playback: ['core', 'aws', 'recordings', 'playback'],
  webhooks: ['core', 'aws', 'webhooks'],
  clips: ['core', 'aws', 'recordings', 'relocation', 'clips'],
  handlers: [
    'core',
    'aws',
    'recordings',
    'relocation',
    'mending',
    'onRecord',
    'rooms',
    'playback',
    'webhooks',
    'clips',
  ],
  // It announces what it records as the functions do.
  container: ['core', 'aws', 'recordings', 'container'],
  // AWS on loopback: no word of the product.
  emulators: ['emulators'],
  // They know the API alone.
  clients: ['clients'],
  // The runtime calls handlers and spawns the container by path, and reads the one description in infra/wiring.ts.
  local: ['core', 'emulators', 'local', 'infra', 'clients'],
  // It calls a deployment as any caller does.
  verify: ['core', 'clients', 'verify'],
  console: ['core', 'clients', 'console'],
  infra: ['core', 'infra'],
  examples: ['core', 'infra', 'examples'],
  bench: LAYERS.map(([layer]) => layer),
  test: LAYERS.map(([layer]) => layer),
};

function layerOf(file: string): Layer | undefined {
  return LAYERS.find(([, pattern]) => pattern.test(file))?.[0];
}

const sources = globSync('{functions,container,infra,clients,test,bench,examples}/**/*.{ts,tsx}', {
  cwd: root,
});
const imports = sources.flatMap((file) =>
  [
    ...readFileSync(path.join(root, file), 'utf8').matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()'([^']+)'/g),
  ].map((match) => ({
    file,
    target: match[1] ?? '',
  })),
);

/** Each circle that a walk along the imports meets, from the file where it closes. */
function circles(files: readonly string[], edges: typeof imports): string[] {
  const targets = Map.groupBy(
    edges.filter(({ target }) => target.startsWith('.')),
    ({ file }) => file,
  );
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at !== -1) found.push([...trail.slice(at), file].join(' → '));
    if (at !== -1 || done.has(file)) return;
    for (const { target } of targets.get(file) ?? []) {
      walk(path.join(path.dirname(file), target), [...trail, file]);
    }
    done.add(file);
  };
  for (const file of files) walk(file, []);
  return found;
}

describe('folders', () => {
  it('of core have no loose files beside them', () => {
    expect(sources.filter((file) => /^functions\/(core\/)?[^/]+$/.test(file))).toEqual([]);
  });
});

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

  it('go in no circle, type-only ones included', () => {
    expect(circles(sources, imports)).toEqual([]);
  });

  it('would be found to go in a circle', () => {
    const ring = [
      { file: 'core/a.ts', target: './b.ts' },
      { file: 'core/b.ts', target: '../aws/c.ts' },
      { file: 'aws/c.ts', target: '../core/a.ts' },
      { file: 'core/d.ts', target: './a.ts' },
    ];
    expect(circles(['core/d.ts', 'core/a.ts', 'core/b.ts', 'aws/c.ts'], ring)).toEqual([
      'core/a.ts → core/b.ts → aws/c.ts → core/a.ts',
    ]);
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

  it('log under no key that the logger has for itself, and drops', () => {
    const call = /\.(?:info|warn|error|debug|appendKeys)\((?:\s*(?:'[^']*'|`[^`]*`),)?\s*\{([^{}]*)\}/g;
    const reserved = /(?:^|,)\s*(?:level|message|sampling_rate|service|timestamp)\s*(?=[:,]|$)/;
    const wrong = (text: string): string[] =>
      [...text.matchAll(call)].flatMap(([, keys = '']) => (reserved.test(keys) ? [keys.trim()] : []));
    expect(wrong("log.info('x', { level, text }); log.warn(`y`, {\n a: 1,\n message: b });")).toHaveLength(2);
    const found = sources
      .filter((file) => /^(functions|container)\//.test(file))
      .flatMap((file) =>
        wrong(readFileSync(path.join(root, file), 'utf8')).map((keys) => `${file}: ${keys}`),
      );
    expect(found).toEqual([]);
  });
});
