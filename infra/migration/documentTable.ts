import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { WCS_PROPERTIES } from './wcsProperties.ts';

const DOCUMENT = path.resolve(import.meta.dirname, '../../docs/from-wcs.md');
const [BEGIN, END] = ['<!-- properties -->', '<!-- /properties -->'];

/** docs/from-wcs.md with its table of properties as it should be. */
export function withPropertyTable(document: string): string {
  const rows = WCS_PROPERTIES.map(({ name, does, becomes }) => `| \`${name}\` | ${does} | ${becomes} |`);
  const table = ['| property | in WCS | here |', '|---|---|---|', ...rows].join('\n');
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${BEGIN} … ${END} is not in the document`);
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}

if (import.meta.main) writeFileSync(DOCUMENT, withPropertyTable(readFileSync(DOCUMENT, 'utf8')));
