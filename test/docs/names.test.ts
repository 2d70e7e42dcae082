import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ELEMENTS } from '../../functions/core/names/elements.ts';
import { nameCli } from '../../infra/local/nameCli.ts';

const DOCUMENT = readFileSync(path.resolve(import.meta.dirname, '../../docs/names.md'), 'utf8');
const NOW_MS = Date.parse('2026-07-01T12:34:56.789Z');

/** Rows of the tables whose second column is arguments: what, arguments, file name, key. */
const ROWS = DOCUMENT.split('\n').flatMap((line) => {
  const match = /^\| (.+?) \| `(--.+?)` \| `(.+?)` \| `(.+?)` \|$/u.exec(line);
  return match === null ? [] : [match.slice(1) as [string, string, string, string]];
});

/** As a shell does it: words, '…', and $'…' with escapes. */
function words(line: string): string[] {
  return [...line.matchAll(/\$'((?:[^'\\]|\\.)*)'|'([^']*)'|(\S+)/g)].map(([, escaped, quoted, plain]) =>
    escaped === undefined ? (quoted ?? plain ?? '') : (JSON.parse(`"${escaped}"`) as string),
  );
}

describe('docs/names.md', () => {
  it('has 40 or more examples, and every row of their tables is read', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(40);
    expect(ROWS.length).toBe(DOCUMENT.match(/^\| .+`--/gm)?.length);
  });

  it.each(ROWS)('%s: %s', (_what, line, fileName, libraryKey) => {
    const answer = nameCli([...words(line), '--json'], NOW_MS);
    expect(answer.stderr).toBe('');
    expect(JSON.parse(answer.stdout)).toMatchObject({ fileName, libraryKey });
  });

  it.each(Object.entries(ELEMENTS))('tells of {%s} and its maximum', (name, element) => {
    const row = DOCUMENT.split('\n').find((line) => line.startsWith('| ') && line.includes(`\`{${name}}\``));
    expect(row).toBeDefined();
    if ('maxChars' in element && element.maxChars > 4) expect(row).toContain(` ${element.maxChars} `);
  });

  it('quotes the error of an unknown element as it is', () => {
    const { stderr } = nameCli(['--stream-name', 'a', '--template', '{steamName}'], NOW_MS);
    expect(DOCUMENT.replaceAll('\n', ' ')).toContain(stderr.trim());
  });
});
