import { expect, it } from 'vitest';
import { Changes } from '../../../container/record/changes.ts';

it('a hundred changes in ten minutes are borne, one more is not', () => {
  const changes = new Changes();
  for (let i = 0; i < 100; i++) expect(changes.add(i * 1_000)).toBe(false);
  expect(changes.add(599_999)).toBe(true);
});

it('however long it goes on, a dozen in ten minutes are none too many', () => {
  const changes = new Changes();
  for (let i = 0; i < 10_000; i++) expect(changes.add(i * 50_000)).toBe(false);
});
