import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../functions/core/api/errors.ts';
import { OPERATIONS } from '../../functions/core/api/operations.ts';
import { documentedPath, ROUTES, WCS_METHODS } from '../../functions/core/api/routes.ts';
import { openApiDocument } from '../../infra/openapi/document.ts';
import { openApiYaml } from '../../infra/openapi/text.ts';
import { typesOf } from '../../infra/openapi/types.ts';
import { toYaml } from '../../infra/openapi/yaml.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documented = OPERATIONS.map(({ method, path: route }) => `${method} ${route}`);

describe('docs/openapi.yaml', () => {
  it('is what the schemas say, and so are the types of the client: otherwise run npm run openapi', () => {
    expect(read('docs/openapi.yaml')).toBe(openApiYaml());
    expect(read('clients/typescript/schema.ts')).toBe(typesOf(openApiDocument()));
  });

  it('has every route, and no other', () => {
    const routes = [
      // What browsers ask by themselves is nobody's operation, and HEAD that of GET.
      ...ROUTES.filter(
        ({ method, function: name }) => name !== 'wcs' && method !== 'OPTIONS' && method !== 'HEAD',
      ).map((route) => `${route.method} ${documentedPath(route)}`),
      ...WCS_METHODS.map((method) => `POST /rest-api${method}`),
    ];
    expect([...documented].sort()).toEqual(routes.sort());
  });

  it('has every error code', () => {
    expect(Object.keys(openApiDocument()['x-errors'] as object)).toEqual(Object.keys(ERRORS));
  });

  it('refers only to what is there', () => {
    const text = JSON.stringify(openApiDocument());
    const { schemas } = openApiDocument().components as { schemas: object };
    const used = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(10);
    for (const name of used) expect(Object.keys(schemas)).toContain(name);
    expect(text.match(/"\$ref"/g)).toHaveLength(used.length);
  });

  it('gives each operation a name of its own', () => {
    expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length);
  });
});

it.each([
  ['yes', '"yes"'],
  ['3.1.0', '"3.1.0"'],
  ['a: b', '"a: b"'],
  ['plain text', 'plain text'],
  ['', '""'],
  [[], '[]'],
  [{}, '{}'],
  [{ a: [1, { b: null }] }, '\na:\n  - 1\n  - b: null'],
])('%j as YAML', (value, yaml) => {
  expect(toYaml(value)).toBe(yaml);
});

describe('docs/api.md', () => {
  const text = read('docs/api.md');
  it('names every operation and every error with its status', () => {
    for (const { method, path: route } of OPERATIONS) expect(text).toContain(`| ${method} | \`${route}\``);
    for (const [code, { status, meaning }] of Object.entries(ERRORS)) {
      expect(text).toContain(`| \`${code}\` | ${status} | ${meaning} |`);
    }
  });
});
