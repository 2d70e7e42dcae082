import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withPropertyTable } from '../../infra/migration/documentTable.ts';
import { WCS_PROPERTIES } from '../../infra/migration/wcsProperties.ts';

const DOCUMENT = readFileSync(path.resolve(import.meta.dirname, '../../docs/from-wcs.md'), 'utf8');

describe('docs/from-wcs.md', () => {
  it('has the table of the properties that npm run migrate knows (node infra/migration/documentTable.ts)', () => {
    expect(withPropertyTable(DOCUMENT)).toBe(DOCUMENT);
    expect(WCS_PROPERTIES.length).toBeGreaterThan(20);
    expect(new Set(WCS_PROPERTIES.map(({ name }) => name)).size).toBe(WCS_PROPERTIES.length);
  });
});
