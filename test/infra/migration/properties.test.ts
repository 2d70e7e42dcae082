import { expect, it } from 'vitest';
import { readProperties } from '../../../infra/migration/properties.ts';

it.each([
  ['a=b', { a: 'b' }],
  ['  a   b c ', { a: 'b c' }],
  ['a : b=c', { a: 'b=c' }],
  ['# a=b\n! c=d\n\n', {}],
  ['# a \\\nc=d', { c: 'd' }],
  ['a=b\\\n   c\nd=e', { a: 'bc', d: 'e' }],
  ['a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
  ['a\\=b=c', { 'a=b': 'c' }],
  ['a=\\u0041\\tb', { a: 'A\tb' }],
  ['a={streamName}-{startTime}', { a: '{streamName}-{startTime}' }],
])('%j', (text, expected) => {
  const { properties, broken } = readProperties(text);
  expect(broken).toEqual([]);
  expect(Object.fromEntries(properties.map(({ name, value }) => [name, value]))).toEqual(expected);
});

it('counts lines as an editor does, also after those that go on', () => {
  const { properties } = readProperties('\uFEFF\r\na=1\\\r\n2\r\nb=3\ra=4\n');
  expect(properties).toEqual([
    { line: 2, name: 'a', value: '12', overriddenBy: 5 },
    { line: 4, name: 'b', value: '3' },
    { line: 5, name: 'a', value: '4' },
  ]);
});
