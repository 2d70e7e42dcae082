import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { constructDocument, propertiesOf } from '../../infra/package/constructDocument.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('docs/construct.md', () => {
  it('is what the types say: node infra/package/constructDocument.ts', () => {
    expect(read('docs/construct.md')).toBe(constructDocument());
  });

  it('has every property that synth knows', () => {
    const known = /const KNOWN[^{]*\{(.*?)\}/s.exec(read('infra/construct/checkProps.ts'))?.[1] ?? '';
    const names = [...known.matchAll(/(\w+): true/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    const properties = propertiesOf(read('infra/construct/streamRecorderProps.ts'), 'StreamRecorderProps');
    expect(properties.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });
});

describe('a property', () => {
  const source = `
export interface Props {
  /**
   * How many stand, whatever
   * is recorded.
   * @default 2
   * @cost $1 each
   */
  readonly min?: number;
  /** A name. */
  readonly name: readonly string[];
}
export interface Other {
  readonly silent?: string;
}
`;

  it('has what is said of it, its default and its cost', () => {
    expect(propertiesOf(source, 'Props')).toEqual([
      {
        name: 'min',
        isOptional: true,
        type: 'number',
        text: 'How many stand, whatever is recorded.',
        default: '2',
        cost: '$1 each',
      },
      {
        name: 'name',
        isOptional: false,
        type: 'readonly string[]',
        text: 'A name.',
        default: undefined,
        cost: undefined,
      },
    ]);
  });

  it('that says nothing, or is of no interface, is a fault', () => {
    expect(() => propertiesOf(source, 'Other')).toThrow('Other.silent: says nothing');
    expect(() => propertiesOf(source, 'Missing')).toThrow('There is no interface Missing');
  });
});
