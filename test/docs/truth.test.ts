import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** What README and docs/ name must be there: paths, links, commands, and names of the code. */
const root = path.resolve(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', 'bench/*.md', 'examples/*.md', 'infra/**/*.md'], {
  cwd: root,
  exclude: (name) => name === 'node_modules',
}).filter((file) => file !== 'CHANGELOG.md');

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const ALL_CODE = globSync(
  ['{functions,container,infra,test,bench,examples,clients}/**/*.{ts,tsx,py,sh,json}', 'docs/openapi.yaml'],
  { cwd: root },
)
  .filter((file) => file !== path.relative(root, import.meta.filename))
  .map(read)
  .join('\n');
const WORDS = new Set(ALL_CODE.match(/[A-Za-z_$][\w$]*/g));
const SCRIPTS = new Set(
  Object.keys((JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts),
);

/** Paths of this repository; `<id>`, `*` and `…` stand for what is not one file. */
const PATH = /(?<![\w/.-])(?:functions|container|infra|test|bench|examples|clients|docs)\/[\w./-]*/g;
const LINK = /\]\(([^)#\s]*)(#[^)\s]*)?\)/g;
const COMMAND = /npm run (?:--?\w+ )*([\w:]+)/g;
/** A name of the code where it stands alone between backticks: camelCase, PascalCase or a call. */
const NAME = /`([a-z]+[A-Z]\w*|[A-Z]\w*[a-z]\w*[A-Z]\w*|\w+\(\))`/g;

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, one]) => one ?? '');

const missingPaths = (text: string): string[] =>
  [...text.matchAll(PATH)]
    .map(([found]) => found.replace(/\.$/, ''))
    .filter((found) => !existsSync(path.join(root, found)));

const missingLinks = (text: string, folder: string): string[] =>
  [...text.matchAll(LINK)]
    .map(([, file = '', anchor = '']) => ({ file, anchor }))
    .filter(({ file }) => !/^\w+:/.test(file))
    .filter(({ file, anchor }) => {
      const target = path.resolve(root, folder, file);
      if (file !== '' && !existsSync(target)) return true;
      if (anchor === '') return false;
      const headings = all(file === '' ? text : readFileSync(target, 'utf8'), /^#+ (.+)$/gm).map(slug);
      return !headings.includes(anchor.slice(1));
    })
    .map(({ file, anchor }) => file + anchor);

/** As forges make anchors of headings. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const missingCommands = (text: string): string[] => all(text, COMMAND).filter((name) => !SCRIPTS.has(name));
const missingNames = (text: string): string[] =>
  all(text, NAME).filter((name) => !WORDS.has(name.replace('()', '')));

describe.each(DOCUMENTS)('%s', (file) => {
  const text = read(file);

  it('names paths that are there', () => {
    expect(missingPaths(text)).toEqual([]);
  });
  it('links to what is there', () => {
    expect(missingLinks(text, path.dirname(file))).toEqual([]);
  });
  it('names commands that are there', () => {
    expect(missingCommands(text)).toEqual([]);
  });
  it('names functions and fields that are in the code', () => {
    expect(missingNames(text)).toEqual([]);
  });
});

describe('the test itself', () => {
  it('finds what is not there', () => {
    expect(missingPaths('see functions/handlers/streams.ts and `functions/startRecording.ts`.')).toEqual([
      'functions/startRecording.ts',
    ]);
    expect(missingLinks('[a](architecture.md#folders) [b](nowhere.md) [c](#x)', 'docs')).toEqual([
      'nowhere.md',
      '#x',
    ]);
    expect(missingCommands('npm run lint, npm run --silent lnt')).toEqual(['lnt']);
    expect(missingNames('`startRecording`, `startRecordings`, `startRecording()`, `Xyzzy`')).toEqual([
      'startRecordings',
    ]);
  });
});

describe('"Folders" in docs/architecture.md', () => {
  const section = /^## Folders$(.+?)^## /ms.exec(read('docs/architecture.md'))?.[1] ?? '';
  const tree = /```(.+?)```/s.exec(section)?.[1] ?? '';

  it.each(['functions', 'container', 'infra', 'clients'])('has all that are in %s', (parent) => {
    const folders = readdirSync(path.join(root, parent), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
    // In its row, or in rows of their own below it.
    const rows = new RegExp(`^${parent}/.*(?:\\n  .*)*`, 'm').exec(tree)?.[0] ?? '';
    expect(folders.length).toBeGreaterThan(2);
    expect(folders.filter((name) => !new RegExp(` ${name}/`).test(rows))).toEqual([]);
  });
});

describe('"Where to find" in docs/architecture.md', () => {
  const section = /^## Where to find$(.+)/ms.exec(read('docs/architecture.md'))?.[1]?.split(/^## /m)[0] ?? '';
  const rows = [...section.matchAll(/^\| (.+) \| `([^`|]+)` \| `(\w+)` \|$/gm)].map(
    ([, what = '', file = '', name = '']) => ({ what, file, name }),
  );

  it('has twenty look-ups or more, a path and a name each', () => {
    expect(rows.length).toBeGreaterThanOrEqual(20);
    expect(rows.length).toBe(section.match(/^\| (?!what \| where )/gm)?.length);
  });

  it.each(rows)('$what: $name in $file', ({ file, name }) => {
    expect(existsSync(path.join(root, file))).toBe(true);
    expect(read(file)).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
